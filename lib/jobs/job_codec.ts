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

/**
 * A job record as it is stored: a list, since the names of an object's fields cost as much to write
 * as the fields. What few jobs have stands in an object at the end.
 */
export type PackedRecord = [
  kind: string,
  payload: unknown,
  state: number,
  queuedAt: number,
  attempt: number,
  maxAttempts: number,
  startedAt: number,
  finishedAt: number,
  rare?: Rare,
];

/** Stands for an instant that is absent. */
const ABSENT = -1;

/** The stored form of a record. */
export function packRecord(record: JobRecord): PackedRecord {
  const packed: PackedRecord = [
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
  if (rare) packed.push(rare as Rare);
  return packed;
}

/** The record of a stored form; the first databases held records as they are. */
export function unpackRecord(packed: PackedRecord | JobRecord): JobRecord {
  if (!Array.isArray(packed)) return packed;
  const record: JobRecord = {
    kind: packed[0],
    payload: packed[1],
    state: STATES[packed[2]]!,
    queuedAt: packed[3],
    attempt: packed[4],
    maxAttempts: packed[5],
  };
  if (packed[6] !== ABSENT) record.startedAt = packed[6];
  if (packed[7] !== ABSENT) record.finishedAt = packed[7];
  return packed[8] === undefined ? record : Object.assign(record, packed[8]);
}
