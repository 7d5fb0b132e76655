/**
 * How often the users' records of each month changed, counted in the commit of each change: who
 * remembers a month knows from this one record whether it is still so.
 */
import { countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import { userChangesKey } from "./keys.ts";
import { periodOf } from "./periods.ts";

/** Months from 1970 on that are counted apart, so that the record stays small; others share. */
const MONTHS = 12 * 230;
/** Ids of users were replaced. */
const REPLACED = 0;

const placeOf = (month: number): number => 1 + 2 * Math.max(0, Math.min(month, MONTHS - 1));

/** A user's record of a month changes with this. */
export function noteRecord(tx: WriteSet, month: number): void {
  tx.add(userChangesKey, new Map([[placeOf(month), 1]]));
}

/**
 * The first day of a user who had one moves or goes (null). That of somebody new needs no note: a
 * record that is not known is looked at anyway.
 */
export function noteFirstDay(tx: WriteSet, from: number | null, to: number | null): void {
  if (from === null || from === to) return;
  const fields = new Set(
    [from, ...(to === null ? [] : [to])].map((day) => placeOf(periodOf("month", day)) + 1),
  );
  tx.add(userChangesKey, new Map([...fields].map((field) => [field, 1])));
}

/** Users' ids were replaced, in whatever months. */
export function noteReplaced(tx: WriteSet): void {
  tx.add(userChangesKey, new Map([[REPLACED, 1]]));
}

/** Numbers that only grow, and do with every change of what they are of. */
export interface UserChanges {
  /** Records of the month, whatever changed in them. */
  records: number;
  /** Which of its users were there for the first time, or who they are. */
  identities: number;
}

/** How often what is known of the users of a month has changed so far. */
export async function readUserChanges(kv: Deno.Kv, month: number): Promise<UserChanges> {
  return changesIn(decodeCounts((await kv.get(userChangesKey)).value), month);
}

function changesIn(counts: Counts, month: number): UserChanges {
  const place = placeOf(month);
  return {
    records: countOf(counts, place),
    identities: countOf(counts, REPLACED) + countOf(counts, place + 1),
  };
}
