import type { BulkAnswer, TaskQuery, TaskStatus } from "../../lib/wire/tasks.ts";
import { act, ActionFailed } from "./api.ts";

export type BulkAction = "retry" | "cancel" | "discard";

/** The states in which an action does something. */
export const APPLIES: Record<BulkAction, ReadonlySet<TaskStatus>> = {
  retry: new Set<TaskStatus>(["failed", "cancelled"]),
  cancel: new Set<TaskStatus>(["queued", "scheduled", "retrying", "running"]),
  discard: new Set<TaskStatus>(["failed", "cancelled"]),
};

export interface BulkProgress {
  total: number;
  done: number;
  failed: number;
  /** The ids of those that it was done to. */
  changed: string[];
  /** Why the first one failed. */
  reason?: string;
}

const AT_ONCE = 6;

/** What the service would do, or does, to every task that fits a filter. */
export function actOnFitting(
  { queue, status, name, q }: TaskQuery,
  action: BulkAction,
  dryRun: boolean,
  csrf: string,
): Promise<BulkAnswer> {
  const body = { action, queue, status, name, q, dry_run: dryRun };
  return act<BulkAnswer>("POST", "/tasks/actions", csrf, body);
}

/** Does one thing to many tasks, a few at a time; goes on when one is refused. */
export async function actOnAll(
  ids: string[],
  action: BulkAction,
  csrf: string,
  tell: (progress: BulkProgress) => void,
  signal: AbortSignal,
): Promise<BulkProgress> {
  const progress: BulkProgress = { total: ids.length, done: 0, failed: 0, changed: [] };
  const left = ids.values();
  const work = async () => {
    for (const id of left) {
      if (signal.aborted) return;
      const path = `/tasks/${encodeURIComponent(id)}`;
      try {
        if (action === "cancel") await act("DELETE", path, csrf);
        else await act("POST", `${path}/${action}`, csrf);
        progress.changed.push(id);
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
