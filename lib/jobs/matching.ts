import { AppError } from "../errors.ts";
import type { JobEngine } from "./engine.ts";
import type { JobState } from "./job.ts";
import type { JobFilter } from "./job_list.ts";

/** Jobs that a person chose by what they have in common. */
export type Selection = Omit<JobFilter, "limit" | "cursor">;

/** What may be done to many jobs at once. */
export type BulkAction = "cancel" | "retry" | "discard";

const ACTS_ON: Record<BulkAction, readonly JobState[]> = {
  cancel: ["available", "scheduled", "retrying", "running"],
  retry: ["failed", "cancelled"],
  discard: ["failed", "cancelled"],
};
const PAGE = 200;
/** Counting stops here and says so. */
export const MAX_COUNTED = 50_000;

export interface BulkOptions {
  /** Jobs acted on at most. */
  limit: number;
  /** Jobs acted on a second at most; no limit when absent. */
  ratePerSecond?: number;
  by: string;
  signal?: AbortSignal;
  /** Told now and then how many are done and how many could not be. */
  progress?: (done: number, failed: number) => void;
}

/** The ids of the jobs that an action would act on, at most `limit`. */
export async function* matchingJobs(
  engine: JobEngine,
  selection: Selection,
  action: BulkAction,
  limit: number,
): AsyncGenerator<string> {
  const states = selection.state ? [selection.state] : ACTS_ON[action];
  for (const state of states) {
    if (!ACTS_ON[action].includes(state)) {
      throw new AppError("invalid", `tasks that are ${state} cannot be acted on by ${action}`);
    }
  }
  let given = 0;
  for (const state of states) {
    let cursor: string | undefined;
    do {
      const page = await engine.list({ ...selection, state, limit: PAGE, cursor });
      for (const { id } of page.jobs) {
        if (given++ >= limit) return;
        yield id;
      }
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}

/** How many jobs an action would act on; `capped` when there are more than are counted. */
export async function countMatching(
  engine: JobEngine,
  selection: Selection,
  action: BulkAction,
): Promise<{ count: number; capped: boolean }> {
  let count = 0;
  for await (const _ of matchingJobs(engine, selection, action, MAX_COUNTED + 1)) count++;
  return { count: Math.min(count, MAX_COUNTED), capped: count > MAX_COUNTED };
}

/**
 * Acts on the jobs of a selection one by one. A job that changed meanwhile is left as it is and
 * counted as failed. Resolves with both counts.
 */
export async function actOnMatching(
  engine: JobEngine,
  selection: Selection,
  action: BulkAction,
  options: BulkOptions,
): Promise<{ done: number; failed: number }> {
  const { clock } = engine.options;
  const { limit, ratePerSecond } = options;
  if (!(limit >= 0) || !(ratePerSecond === undefined || ratePerSecond >= 0)) {
    throw new AppError("invalid", "limit and ratePerSecond are numbers from 0");
  }
  const result = { done: 0, failed: 0 };
  // All ids first: acting changes what the list would show next.
  const ids = await Array.fromAsync(matchingJobs(engine, selection, action, options.limit));
  const started = clock.elapsed();
  for (const [index, id] of ids.entries()) {
    options.signal?.throwIfAborted();
    try {
      if (action === "cancel") await engine.cancel(id, `cancelled by ${options.by}`);
      else if (action === "retry") await engine.retry(id);
      else await engine.discard(id);
      result.done++;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      result.failed++;
    }
    if (index % 50 === 49) options.progress?.(result.done, result.failed);
    if (!options.ratePerSecond) continue;
    const due = started + (index + 1) * 1000 / options.ratePerSecond;
    const wait = due - clock.elapsed();
    if (wait > 0) await new Promise<void>((resolve) => clock.after(wait, resolve));
  }
  return result;
}
