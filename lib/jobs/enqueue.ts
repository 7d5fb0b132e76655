import type { z } from "zod";
import { AppError } from "../errors.ts";
import { handedOver } from "../tracing.ts";
import type { JobKind } from "./definition.ts";
import type { JobRecord } from "./job.ts";
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

/** The unique key that the options ask for, with its defaults; null without one. */
export function uniqueOf(
  { unique, uniqueKey }: EnqueueOptions,
): { key: string; scope: UniqueScope; conflict: "skip" | "replace" } | null {
  if (unique) return { scope: "unfinished", conflict: "skip", ...unique };
  if (uniqueKey === undefined) return null;
  return { key: uniqueKey, scope: "unfinished", conflict: "skip" };
}

const encoder = new TextEncoder();

/** Bytes of a value of the database that a payload may fill, its record's other fields aside. */
const MAX_STORED_BYTES = 60_000;

/** Whether a payload's JSON keeps to its limit and its record to what a value of the database holds. */
function fits(text: string, maxBytes: number): boolean {
  if (text.length <= maxBytes / 3) return true;
  // A string is stored with two bytes a character as soon as one of them is no Latin-1.
  // deno-lint-ignore no-control-regex
  if (2 * text.length > MAX_STORED_BYTES && /[^\x00-\xff]/.test(text)) return false;
  return encoder.encode(text).length <= maxBytes;
}

/**
 * The record of a new job. Throws an AppError `invalid` for a payload that does not fit its
 * schema, `too_large` for one above 48 KiB as JSON.
 */
export function newRecord<P>(
  definition: JobKind<P>,
  payload: P,
  options: EnqueueOptions,
  now: number,
): JobRecord {
  const parsed = definition.payload.safeParse(payload);
  if (!parsed.success) {
    throw new AppError("invalid", `the payload does not fit tasks named ${definition.kind}`, {
      issues: parsed.error.issues.map((issue: z.core.$ZodIssue) => ({
        path: ["payload", ...issue.path].join("."),
        message: issue.message,
      })),
    });
  }
  const text = JSON.stringify(parsed.data) ?? "null";
  if (!fits(text, definition.maxPayloadBytes)) {
    throw new AppError(
      "too_large",
      `the payload is above ${definition.maxPayloadBytes} bytes; store it and pass its key instead`,
    );
  }
  const { runAt } = options;
  const record: JobRecord = {
    kind: definition.kind,
    payload: parsed.data,
    state: "available",
    queuedAt: now,
    attempt: 0,
    maxAttempts: options.maxAttempts ?? definition.maxAttempts,
  };
  if (options.heldBy !== undefined) {
    record.state = "scheduled";
    record.heldBy = options.heldBy;
  } else if (runAt !== undefined && runAt > now) {
    record.state = "scheduled";
    record.runAt = runAt;
  }
  if (options.fairKey !== undefined) record.fairKey = options.fairKey;
  const unique = uniqueOf(options);
  if (unique?.scope === "unfinished") record.uniqueKey = unique.key;
  if (options.batchId !== undefined) record.batchId = options.batchId;
  if (options.timeoutMs !== undefined) record.timeoutMs = options.timeoutMs;
  const { kind, queue } = definition;
  const carried = handedOver(`enqueue ${kind}`, () => ({ "task.name": kind, "task.queue": queue }));
  if (carried !== undefined) record.trace = carried;
  return record;
}
