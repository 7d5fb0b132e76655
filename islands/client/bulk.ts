import type { TaskPage, TaskQuery, TaskStatus } from "../../lib/wire/tasks.ts";
import { act, ActionFailed, ask } from "./api.ts";

export type BulkAction = "retry" | "cancel";

/** The states in which an action does something. */
export const APPLIES: Record<BulkAction, ReadonlySet<TaskStatus>> = {
  retry: new Set<TaskStatus>(["failed", "cancelled"]),
  cancel: new Set<TaskStatus>(["queued", "scheduled", "retrying", "running"]),
};

export interface BulkProgress {
  total: number;
  done: number;
  failed: number;
  /** Why the first one failed. */
  reason?: string;
}

/** At most this many tasks at once; more would be a matter for a queue, not for a page. */
export const MOST = 10_000;
const AT_ONCE = 6;
const PAGE = 200;
/** A page of a rare search may be empty, so pages are bounded too. */
const MOST_PAGES = 200;

/** The ids of every task that fits a filter and that the action applies to, newest first. */
export async function collectIds(
  query: TaskQuery,
  action: BulkAction,
  found: (n: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && !signal.aborted; page++) {
    const entries = Object.entries({ ...query, cursor, limit: String(PAGE) })
      .filter((entry): entry is [string, string] => entry[1] !== undefined);
    const answer = await ask<TaskPage>(`/tasks?${new URLSearchParams(entries)}`, signal);
    for (const task of answer.tasks) {
      if (APPLIES[action].has(task.status)) ids.push(task.task_id);
    }
    found(ids.length);
    cursor = answer.next_cursor;
    if (!cursor || ids.length >= MOST) break;
  }
  return ids.slice(0, MOST);
}

/** Does one thing to many tasks, a few at a time; goes on when one is refused. */
export async function actOnAll(
  ids: string[],
  action: BulkAction,
  csrf: string,
  tell: (progress: BulkProgress) => void,
  signal: AbortSignal,
): Promise<BulkProgress> {
  const progress: BulkProgress = { total: ids.length, done: 0, failed: 0 };
  const left = ids.values();
  const work = async () => {
    for (const id of left) {
      if (signal.aborted) return;
      const path = `/tasks/${encodeURIComponent(id)}`;
      try {
        if (action === "retry") await act("POST", `${path}/retry`, csrf);
        else await act("DELETE", path, csrf);
      } catch (thrown) {
        progress.failed++;
        progress.reason ??= thrown instanceof ActionFailed
          ? [thrown.message, thrown.requestId].filter(Boolean).join(" ")
          : String(thrown);
      }
      progress.done++;
      tell({ ...progress });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return progress;
}
