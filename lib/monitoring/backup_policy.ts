import type { Config } from "../config/config.ts";
import { isWayBack } from "./backup_name.ts";

const DAY_MS = 86_400_000;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

export interface BackupPolicy {
  /** Keep the newest backup of each of this many days that have one. */
  daily: number;
  /** And of each of this many weeks (Monday-based, UTC) that have one. */
  weekly: number;
}

export const DEFAULT_POLICY: BackupPolicy = { daily: 7, weekly: 4 };

/** The policy that is configured. */
export const policyOf = ({ backupsDaily, backupsWeekly }: Config["retention"]): BackupPolicy => ({
  daily: backupsDaily,
  weekly: backupsWeekly,
});

/** The way back from a migration stays this long, whatever the policy says of its day. */
export const KEPT_BEFORE_MIGRATION_DAYS = 30;

/** Those of the backups of one place that are kept there no longer. */
export function expiredBackups<B extends { name: string; at: number }>(
  all: B[],
  policy: BackupPolicy,
  now: number,
): B[] {
  const regular = all.filter(({ name }) => !isWayBack(name));
  const kept = keptBackups(regular.map(({ at }) => at), policy);
  const since = now - KEPT_BEFORE_MIGRATION_DAYS * DAY_MS;
  return all.filter(({ name, at }) => isWayBack(name) ? at < since : !kept.has(at));
}

/** The instants, of all that are given, whose backups stay. The newest always does. */
export function keptBackups(instants: number[], policy: BackupPolicy): Set<number> {
  const newestFirst = instants.toSorted((a, b) => b - a);
  const newestOf = (period: (at: number) => number, count: number): number[] => {
    const newest = new Map<number, number>();
    for (const at of newestFirst) if (!newest.has(period(at))) newest.set(period(at), at);
    return [...newest.values()].slice(0, count);
  };
  return new Set([
    ...newestFirst.slice(0, 1),
    ...newestOf((at) => Math.floor(at / DAY_MS), policy.daily),
    ...newestOf((at) => Math.floor((at - FIRST_MONDAY_MS) / (7 * DAY_MS)), policy.weekly),
  ]);
}
