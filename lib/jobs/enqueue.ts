import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { JobKind } from "./definition.ts";
import { type JobRecord, MAX_PAYLOAD_BYTES } from "./job.ts";

export interface EnqueueOptions {
  /** 0 runs first, 9 last; the definition's by default. */
  priority?: number;
  /** Not before this instant, milliseconds UTC. */
  runAt?: number;
  maxAttempts?: number;
  /** Jobs share the queue fairly by this key, for example the bot. */
  fairKey?: string;
  /** At most one unfinished job of the queue has this key; a second is skipped. */
  uniqueKey?: string;
  /** Held until `release`, because this job must end first. */
  heldBy?: string;
  timeoutMs?: number;
}

const encoder = new TextEncoder();

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
  if (text.length > MAX_PAYLOAD_BYTES / 3 && encoder.encode(text).length > MAX_PAYLOAD_BYTES) {
    throw new AppError(
      "too_large",
      `the payload is above ${MAX_PAYLOAD_BYTES} bytes; store it and pass its key instead`,
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
  if (options.uniqueKey !== undefined) record.uniqueKey = options.uniqueKey;
  if (options.timeoutMs !== undefined) record.timeoutMs = options.timeoutMs;
  return record;
}
