import { countOf, type Counts, lowerBound } from "../kv/counts.ts";
import type { CountedStatus, Course } from "./facts.ts";

/**
 * Layout of a user's record of a month: conversations started, by quarter hour of the month; then,
 * at the same distance from these fields on, how many of them are left out or troubled.
 */
const LEFT_OUT = 4096;
const TROUBLED = 8192;

/** Conversations that a user started in the same quarter hour. */
export interface Started {
  /** Of the month. */
  quarter: number;
  conversations: number;
  /** Part of them: imported, or cancelled. */
  leftOut: number;
  /** Part of them: see `placeOf`. */
  troubled: number;
}

/**
 * From which field on a conversation counts beside its start: `LEFT_OUT` when no rate of live
 * conversations holds it; `TROUBLED` when it failed, an answer said that it does not know, or the
 * user was handed over; null while nothing went wrong, which is what nearly all are, so that most
 * turns change nothing here.
 */
export function placeOf(
  status: CountedStatus,
  { troubled, handedOver }: Course,
  live: boolean,
): number | null {
  if (!live || status === "cancelled") return LEFT_OUT;
  return status === "failed" || troubled || handedOver ? TROUBLED : null;
}

/** The record without all but the starts. */
export function startsOf(record: Counts): Counts {
  const end = lowerBound(record, LEFT_OUT);
  if (end === record.fields.length) return record;
  return { fields: record.fields.slice(0, end), values: record.values.slice(0, end) };
}

/** Conversations that a record counts. */
export function startedIn({ fields, values }: Counts): number {
  let sum = 0;
  for (let i = 0; i < fields.length && fields[i]! < LEFT_OUT; i++) sum += values[i]!;
  return sum;
}

/** Whether a field counts starts. */
export const isStart = (field: number): boolean => field < LEFT_OUT;

/** The quarter hour of the month that a field is of. */
export const quarterOfField = (field: number): number => field % LEFT_OUT;

/** What a field counts, in words. */
export const userMonthField = (field: number): string => {
  const what = field < LEFT_OUT ? "" : field < TROUBLED ? "left out " : "troubled ";
  return `${what}conversations of quarter hour ${quarterOfField(field)}`;
};

/**
 * The fields, by their index, of the starts in the quarter hours of the month from `from` up to, not
 * including, `to`, which may lie outside of it.
 */
export function startsBetween(record: Counts, from: number, to: number): [number, number] {
  const place = (quarter: number) => lowerBound(record, Math.max(0, Math.min(quarter, LEFT_OUT)));
  return [place(from), place(to)];
}

/** The quarter hours of such fields, with what was started in them. */
export function* startedBy(record: Counts, first: number, end: number): Generator<Started> {
  for (let i = first; i < end; i++) {
    const quarter = record.fields[i]!;
    yield {
      quarter,
      conversations: record.values[i]!,
      leftOut: countOf(record, LEFT_OUT + quarter),
      troubled: countOf(record, TROUBLED + quarter),
    };
  }
}

/** Whether the user started a conversation in the first so many quarter hours of the month. */
export const startedUntil = ({ fields }: Counts, quarters: number): boolean =>
  fields.length > 0 && fields[0]! < Math.min(quarters, LEFT_OUT);
