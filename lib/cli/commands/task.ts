import { sleep } from "../../clock.ts";
import type { TaskStatus } from "../../wire/schemas/tasks.ts";
import type { ApiClient } from "../api_client.ts";
import { CliError } from "../context.ts";

const POLL_MS = 100;

/** Where the API has a task. */
export const taskPath = (id: string): string => `/tasks/${encodeURIComponent(id)}`;

/** A task as it is now. */
export async function readTask(api: ApiClient, id: string): Promise<TaskStatus> {
  return (await api.request<{ task_status: TaskStatus }>("GET", taskPath(id))).task_status;
}

/** Waits until a task has ended; throws CliError when it did not end well. */
export async function awaitTask(
  api: ApiClient,
  id: string,
  signal: AbortSignal,
): Promise<TaskStatus> {
  for (;;) {
    const task = await readTask(api, id);
    if (task.status === "completed") return task;
    if (task.status === "failed" || task.status === "cancelled") {
      throw new CliError(`task ${id} ${task.status}: ${task.error?.message ?? "no reason given"}`);
    }
    await sleep(POLL_MS, signal);
  }
}
