import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/**
 * What `work` gives, or an AppError `timeout` after `ms`, whether or not `work` minds the signal
 * that aborts then. What it does later is ignored.
 */
export function within<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  ms: number,
  clock: Clock,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const cancel = clock.after(ms, () => {
      const error = new AppError("timeout", `no answer within ${ms} ms`);
      reject(error);
      abort.abort(error);
    });
    Promise.try(work, abort.signal).then(resolve, reject).finally(cancel);
  });
}
