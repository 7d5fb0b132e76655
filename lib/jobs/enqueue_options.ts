import { AppError } from "../errors.ts";
import { isAttempts, isPriority } from "./job.ts";
import type { UniqueScope } from "./unique.ts";

export interface EnqueueOptions {
  /** 0 runs first, 9 last; the definition's by default. */
  priority?: number;
  /** Not before this instant, milliseconds UTC. */
  runAt?: number;
  maxAttempts?: number;
  /** Jobs share the queue fairly by this key, for example the bot. */
  fairKey?: string;
  /** At most one unfinished job of the queue has this key; short for `unique: { key }`. */
  uniqueKey?: string;
  /**
   * At most one job of the queue has this key within the scope (until it ends when absent). A
   * second one is skipped, or replaces the first while that one waits.
   */
  unique?: { key: string; scope?: UniqueScope; conflict?: "skip" | "replace" };
  batchId?: string;
  /** Held until `release`, because this job must end first. */
  heldBy?: string;
  timeoutMs?: number;
}

/** What a job may be given that is added to somebody's atomic. */
export type PrepareOptions = Omit<EnqueueOptions, "unique" | "uniqueKey">;

/** Keys that a user makes up stand in keys of the database, which end at 2 KiB. */
const MAX_KEY_BYTES = 1_000;
/** The last instant that a Date knows. */
const LAST_INSTANT = 8.64e15;

/** The unique key that the options ask for, with its defaults; null without one. */
export function uniqueOf(
  { unique, uniqueKey }: EnqueueOptions,
): { key: string; scope: UniqueScope; conflict: "skip" | "replace" } | null {
  if (unique) return { scope: "unfinished", conflict: "skip", ...unique };
  if (uniqueKey === undefined) return null;
  return { key: uniqueKey, scope: "unfinished", conflict: "skip" };
}

/** Throws an AppError `invalid` that names the first option which cannot work. */
export function checkEnqueueOptions(options: EnqueueOptions): void {
  const { priority, runAt, maxAttempts, timeoutMs, fairKey, uniqueKey, unique } = options;
  if (priority !== undefined && !isPriority(priority)) {
    refuse("priority", "a whole number from 0 to 9");
  }
  if (runAt !== undefined && !(Number.isFinite(runAt) && runAt <= LAST_INSTANT)) {
    refuse("runAt", "an instant in milliseconds UTC");
  }
  if (maxAttempts !== undefined && !isAttempts(maxAttempts)) {
    refuse("maxAttempts", "a whole number from 1");
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1)) refuse("timeoutMs", "at least 1 millisecond");
  if (fairKey !== undefined) checkKey("fairKey", fairKey);
  if (uniqueKey !== undefined) checkKey("uniqueKey", uniqueKey);
  if (unique === undefined) return;
  checkKey("unique.key", unique.key);
  if (!isScope(unique.scope)) {
    refuse("unique.scope", `"queued", "unfinished" or { forMs } with milliseconds above 0`);
  }
}

function isScope(scope: UniqueScope | undefined): boolean {
  if (typeof scope !== "object") return scope === undefined || /^(queued|unfinished)$/.test(scope);
  return Number.isFinite(scope.forMs) && scope.forMs > 0;
}

/** The database takes half a surrogate pair for another character: two keys would be one. */
function checkKey(option: string, key: string): void {
  const fits = typeof key === "string" && key.isWellFormed() && key.length <= MAX_KEY_BYTES &&
    (key.length <= MAX_KEY_BYTES / 3 || new TextEncoder().encode(key).length <= MAX_KEY_BYTES);
  if (!fits) refuse(option, `text of at most ${MAX_KEY_BYTES} bytes`);
}

function refuse(option: string, wanted: string): never {
  throw new AppError("invalid", `${option} must be ${wanted}`, {
    issues: [{ path: option, message: `must be ${wanted}` }],
  });
}
