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

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The stored form of a record. */
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
  if (!isJson(record.payload) || (rare && !isJson(rare))) return row;
  const bytes = encoder.encode(JSON.stringify(row));
  return bytes.byteLength <= MAX_BYTES ? bytes : row;
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
