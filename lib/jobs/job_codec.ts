import { serialize } from "node:v8";
import { isJson } from "../json.ts";
import type { JobRecord } from "./job.ts";

const STATES = [
  "scheduled",
  "available",
  "retrying",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly JobRecord["state"][];

/** What few jobs have. */
const RARE = [
  "runAt",
  "heldBy",
  "result",
  "errors",
  "crashes",
  "unsettled",
  "reason",
  "uniqueKey",
  "fairKey",
  "batchId",
  "remembers",
  "trace",
  "timeoutMs",
] as const satisfies readonly (keyof JobRecord)[];

type Rare = Pick<JobRecord, typeof RARE[number]>;

/** Every field of a record has its place in the stored form, or this does not compile. */
type Placed =
  | "kind"
  | "payload"
  | "state"
  | "queuedAt"
  | "attempt"
  | "maxAttempts"
  | "startedAt"
  | "finishedAt";
type Forgotten = Exclude<keyof JobRecord, Placed | keyof Rare>;
const _none: [Forgotten] extends [never] ? true : Forgotten = true;

/** A record as a list, since the names of an object's fields cost as much as the fields. */
type Row = [
  kind: string,
  payload: unknown,
  state: number,
  queuedAt: number,
  attempt: number,
  maxAttempts: number,
  startedAt: number,
  finishedAt: number,
  /** What few jobs have. */
  rare?: Rare,
];

/**
 * A record as it is stored: the row's JSON as bytes, which cost a third of what the database's own
 * encoding of values does; the row itself where JSON would change something in it (a date, a
 * bigint). Older databases hold rows, and the first ones records as they are.
 */
export type PackedRecord = Uint8Array<ArrayBuffer> | Row | JobRecord;

/** Stands for an instant that is absent. */
const ABSENT = -1;
/** A value of the database holds 64 KiB; above this the row, whose text is not escaped, may be less. */
const MAX_BYTES = 64_000;
/** And this is what the row may be; above it the record must do with less. */
const MAX_ROW_BYTES = 65_400;
/** Errors and reasons are cut to this where there is no room for more. */
const MAX_SHORT = 200;
const NO_ROOM = { omitted: "the result does not fit beside its payload" };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The stored form of a record, without some of its result and errors where all is too large. */
export function packRecord(record: JobRecord): PackedRecord {
  const row: Row = [
    record.kind,
    record.payload,
    STATES.indexOf(record.state),
    record.queuedAt,
    record.attempt,
    record.maxAttempts,
    record.startedAt ?? ABSENT,
    record.finishedAt ?? ABSENT,
  ];
  let rare: Record<string, unknown> | undefined;
  for (const field of RARE) {
    const value = record[field];
    if (value !== undefined) (rare ??= {})[field] = value;
  }
  if (rare) row.push(rare as Rare);
  if (isJson(record.payload) && (!rare || isJson(rare))) {
    const bytes = encoder.encode(JSON.stringify(row));
    if (bytes.byteLength <= MAX_BYTES) return bytes;
  }
  const less = serialize(row).byteLength > MAX_ROW_BYTES ? lighter(record) : null;
  return less ? packRecord(less) : row;
}

/**
 * The record with less of what can be done without, or null when nothing is left to go. A payload
 * leaves room for the rest, but not always for a large result and long errors together; and an
 * outcome that cannot be stored would have its job run again and again.
 */
function lighter(record: JobRecord): JobRecord | null {
  const { errors = [], result, reason = "" } = record;
  const last = errors.at(-1);
  if (errors.length > 1) return { ...record, errors: errors.slice(-1) };
  if (result !== undefined && result !== NO_ROOM) return { ...record, result: NO_ROOM };
  if (last && last.message.length > MAX_SHORT) {
    return { ...record, errors: [{ ...last, message: last.message.slice(0, MAX_SHORT) }] };
  }
  if (reason.length > MAX_SHORT) return { ...record, reason: reason.slice(0, MAX_SHORT) };
  return null;
}

/** The record of a stored form. */
export function unpackRecord(packed: PackedRecord): JobRecord {
  if (packed instanceof Uint8Array) return fromRow(JSON.parse(decoder.decode(packed)));
  return Array.isArray(packed) ? fromRow(packed) : packed;
}

function fromRow(row: Row): JobRecord {
  const record: JobRecord = {
    kind: row[0],
    payload: row[1],
    state: STATES[row[2]]!,
    queuedAt: row[3],
    attempt: row[4],
    maxAttempts: row[5],
  };
  if (row[6] !== ABSENT) record.startedAt = row[6];
  if (row[7] !== ABSENT) record.finishedAt = row[7];
  return row[8] === undefined ? record : Object.assign(record, row[8]);
}
