import type { z } from "zod";
import { AppError, messageOf } from "../errors.ts";
import { copyOf } from "../json.ts";
import { handedOver } from "../tracing.ts";
import type { JobKind } from "./definition.ts";
import { checkEnqueueOptions, type EnqueueOptions, uniqueOf } from "./enqueue_options.ts";
import type { JobRecord } from "./job.ts";

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
 * The record of a new job. Throws an AppError `invalid` for options that cannot work and for a
 * payload that does not fit its schema or cannot be stored, `too_large` for one above
 * 48 KiB of it.
 */
export function newRecord<P>(
  definition: JobKind<P>,
  payload: P,
  options: EnqueueOptions,
  now: number,
): JobRecord {
  checkEnqueueOptions(options);
  const parsed = definition.payload.safeParse(payload);
  if (!parsed.success) {
    throw new AppError("invalid", `the payload does not fit tasks named ${definition.kind}`, {
      issues: parsed.error.issues.map((issue: z.core.$ZodIssue) => ({
        path: ["payload", ...issue.path].join("."),
        message: issue.message,
      })),
    });
  }
  const { text, copy } = handedIn(definition.kind, parsed.data);
  if (!fits(text, definition.maxPayloadBytes)) {
    throw new AppError(
      "too_large",
      `the payload is above ${definition.maxPayloadBytes} bytes; store it and pass its key instead`,
    );
  }
  const { runAt } = options;
  const record: JobRecord = {
    kind: definition.kind,
    payload: copy,
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

/** A payload as JSON, to know its size, and a copy that nobody else can change. */
function handedIn(kind: string, payload: unknown): { text: string; copy: unknown } {
  try {
    return { text: JSON.stringify(payload) ?? "null", copy: copyOf(payload) };
  } catch (error) {
    throw new AppError("invalid", `the payload of ${kind} cannot be stored`, {
      issues: [{ path: "payload", message: messageOf(error, 200) }],
    });
  }
}
