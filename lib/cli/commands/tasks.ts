import { Command, Option } from "commander";
import { sleep } from "../../clock.ts";
import { TASK_STATUSES, type TaskStatus } from "../../wire/schemas/tasks.ts";
import { type ApiClient, ApiProblem } from "../api_client.ts";
import { asking, type Cli, group, numbers, print, tableOrNone } from "../cli.ts";
import { CliError } from "../context.ts";
import { formatCount, plainText } from "../format.ts";
import { limitOption } from "./options.ts";

interface ListFlags {
  queue?: string;
  status?: string;
  name?: string;
  q?: string;
  limit: number;
}

const PAGE = 200;
const POLL_MS = 100;
const path = (id: string) => `/tasks/${encodeURIComponent(id)}`;

/** `tasks`: what is queued, runs or has ended, and what an operator does about it. */
export function tasksCommand(cli: Cli): Command {
  return group("tasks", "Lists, shows, cancels and retries tasks.", [
    filters(new Command("list")).description("Lists tasks, newest first.")
      .addOption(new Option("--status <status>", "only those").choices(TASK_STATUSES))
      .action(asking<ListFlags>(cli, async (api, flags) => {
        const tasks = await listTasks(api, flags);
        print(cli, flags, { tasks }, () =>
          tableOrNone(
            cli,
            [{ title: "task", whole: true }, { title: "name" }, { title: "status" }, {
              title: "queued",
            }, numbers("attempt")],
            tasks.map((task) => [
              task.task_id,
              task.name,
              task.status,
              task.queued_at.slice(0, 19).replace("T", " "),
              `${task.attempt}/${task.max_attempts}`,
            ]),
            "There are no such tasks.",
          ));
      })),
    new Command("show").description("Shows one task.").argument("<task>", "its id")
      .action(asking(cli, async (api, flags, [id]) => {
        const task = await readTask(api, id!);
        print(cli, flags, task, () => describe(task));
        return task.status === "failed" ? 1 : 0;
      })),
    new Command("cancel").description("Cancels queued and running tasks.")
      .argument("<task...>", "their ids")
      .action(asking(cli, (api, _flags, ids) =>
        each(cli, ids, "cancelled", async (id) => {
          await api.request("DELETE", path(id));
        }))),
    new Command("retry").description("Queues failed or cancelled tasks again.")
      .argument("<task...>", "their ids")
      .action(asking(cli, (api, _flags, ids) =>
        each(cli, ids, "queued again", async (id) => {
          await api.request("POST", `${path(id)}/retry`);
        }))),
    filters(new Command("redrive")).description("Queues all failed tasks again that fit.")
      .option("--yes", "do it; without this it only says what it would do", false)
      .action(asking<ListFlags & { yes: boolean }>(cli, async (api, flags) => {
        const tasks = await listTasks(api, { ...flags, status: "failed" });
        const count = formatCount(tasks.length);
        if (tasks.length === 0 || !flags.yes) {
          const more = tasks.length === 0 ? "" : " Add --yes to do it.";
          cli.context.out(`${count} failed tasks would be queued again.${more}\n`);
          return;
        }
        const ids = tasks.map(({ task_id }) => task_id);
        return await each(cli, ids, "queued again", async (id) => {
          await api.request("POST", `${path(id)}/retry`);
        });
      })),
  ]);
}

function filters(command: Command): Command {
  return command.option("--queue <name>", "only of this queue")
    .option("--name <name>", "only of this name")
    .option("-q, --q <text>", "only those that hold this text")
    .addOption(limitOption(50));
}

/** Tasks that fit, newest first, over as many pages as it takes to have `limit` of them. */
async function listTasks(api: ApiClient, flags: ListFlags): Promise<TaskStatus[]> {
  const found: TaskStatus[] = [];
  let cursor: string | undefined;
  do {
    const { queue, status, name, q } = flags;
    const limit = Math.min(PAGE, flags.limit - found.length);
    const page = await api.request<{ tasks: TaskStatus[]; next_cursor?: string }>("GET", "/tasks", {
      query: { queue, status, name, q, limit, cursor },
    });
    found.push(...page.tasks);
    cursor = page.next_cursor;
  } while (cursor && found.length < flags.limit);
  return found;
}

async function readTask(api: ApiClient, id: string): Promise<TaskStatus> {
  return (await api.request<{ task_status: TaskStatus }>("GET", path(id))).task_status;
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

function describe(task: TaskStatus): string {
  const rows: [string, string | undefined][] = [
    ["task", task.task_id],
    ["name", task.name],
    ["queue", `${task.queue}, ${task.priority} priority`],
    ["status", task.status],
    ["attempt", `${task.attempt} of ${task.max_attempts}`],
    ["queued", task.queued_at],
    ["started", task.started_at],
    ["finished", task.finished_at],
    ["error", task.error && `${task.error.code ?? ""} ${task.error.message}`.trim()],
    ["result", task.result === undefined ? undefined : JSON.stringify(task.result)],
    ...task.waiting_because.map(({ detail, action }): [string, string] => [
      "waits",
      action ? `${detail}; ${action}` : detail,
    ]),
  ];
  return rows.filter(([, value]) => value)
    .map(([name, value]) => `${name.padEnd(9)} ${plainText(value!)}\n`).join("");
}

/** Does the same to each, says what became of it, and goes on after a refusal. */
async function each(
  { context }: Cli,
  ids: string[],
  done: string,
  act: (id: string) => Promise<void>,
): Promise<number> {
  let refused = 0;
  for (const id of ids) {
    context.signal.throwIfAborted();
    try {
      await act(id);
      context.out(`${id} ${done}\n`);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status === 401 || error.status === 403) {
        throw error;
      }
      refused++;
      context.err(`${id}: ${error.message}\n`);
    }
  }
  return refused > 0 ? 1 : 0;
}
