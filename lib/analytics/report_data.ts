import { countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import { readBotIds } from "./bot_index.ts";
import { rollupPrefix, totalsKey } from "./keys.ts";
import { BOTS_A_CHUNK, HOUR_STRIDE, HourMetric, HOURS, Metric, STRIDE } from "./metrics.ts";
import { endDay, firstDay, type PeriodKind, periodOf, QUARTERS_A_DAY } from "./periods.ts";

const GET_MANY = 10;

/** A bot's counters in a period. */
export interface BotCounts {
  botId: string;
  conversations: number;
  scores: number;
  /** In millionths. */
  scoreSum: number;
}

/** Totals over all bots of a period. */
export interface PeriodTotals {
  /** Of each of its days, first day first. */
  days: Counts[];
  /** Its distinct users (of a day the same record as the day's). */
  users: Counts;
}

/** A month's totals over all bots. */
export interface MonthTotals {
  /** Of its days that have any. */
  days: Counts[];
  users: Counts;
}

/** The totals that a report shows: its period's and, for week and month, the one's before. */
export interface ReportTotals {
  current: PeriodTotals;
  previous: PeriodTotals | null;
  /** Of a month: the 12 that end with it, oldest first. */
  year: MonthTotals[];
}

const MONTHS_A_YEAR = 12;

/** A counter over the days of a period. */
export const sumOver = (period: Pick<PeriodTotals, "days">, metric: number): number =>
  period.days.reduce((sum, day) => sum + countOf(day, metric), 0);

/** Conversations of a period, whose first day is given, that began before a quarter hour. */
export function conversationsUntil(
  { days }: Pick<PeriodTotals, "days">,
  first: number,
  end: number,
): number {
  let sum = 0;
  days.forEach((day, i) => {
    const quarters = Math.min(QUARTERS_A_DAY, end - (first + i) * QUARTERS_A_DAY);
    if (quarters === QUARTERS_A_DAY) sum += countOf(day, Metric.conversations);
    else {
      for (let quarter = 0; quarter < quarters; quarter++) {
        sum += countOf(day, HOURS + quarter * HOUR_STRIDE + HourMetric.conversations);
      }
    }
  });
  return sum;
}

/** Changes with every change of the rollups behind these totals, and never back. */
export function versionOf({ current, previous, year }: ReportTotals): number {
  const version = (period: Pick<PeriodTotals, "days" | "users">) =>
    sumOver(period, Metric.version) + countOf(period.users, Metric.version);
  const months = year.reduce((sum, month) => sum + version(month), 0);
  return version(current) + (previous ? version(previous) : 0) + months;
}

/** Which fields of the totals are read: those below these. */
export interface TotalsWanted {
  /** Of all records; those of quarter hours may be ten times as many as the counters. */
  end: number;
  /** Of the days of the period before. */
  previousEnd: number;
}

export const COUNTERS: TotalsWanted = { end: HOURS, previousEnd: HOURS };
/** With the quarter hours of the period before, which tell what a part of it had. */
export const WITH_QUARTERS: TotalsWanted = { end: HOURS, previousEnd: Infinity };
/** What `versionOf` is made of. */
export const VERSIONS: TotalsWanted = { end: Metric.version + 1, previousEnd: Metric.version + 1 };

/** Loads the totals for the report of a period (numbered as in periods.ts). */
export async function readTotals(
  kv: Deno.Kv,
  kind: PeriodKind,
  n: number,
  { end, previousEnd }: TotalsWanted,
): Promise<ReportTotals> {
  const [current, previous, year] = await Promise.all([
    readPeriod(kv, kind, n, end),
    kind === "day" ? null : readPeriod(kv, kind, n - 1, previousEnd),
    kind === "month" ? readYear(kv, n, end) : [],
  ]);
  return { current, previous, year };
}

async function readPeriod(
  kv: Deno.Kv,
  kind: PeriodKind,
  n: number,
  end: number,
): Promise<PeriodTotals> {
  const keys: Deno.KvKey[] = kind === "day" ? [] : [totalsKey(kind, n)];
  for (let day = firstDay(kind, n); day < endDay(kind, n); day++) keys.push(totalsKey("day", day));
  const records = await readCounts(kv, keys, end);
  return { users: records[0]!, days: kind === "day" ? records : records.slice(1) };
}

async function readYear(kv: Deno.Kv, last: number, fieldsEnd: number): Promise<MonthTotals[]> {
  const first = last + 1 - MONTHS_A_YEAR;
  const months = Array.from({ length: MONTHS_A_YEAR }, (_, i) => totalsKey("month", first + i));
  const records = await readCounts(kv, months, fieldsEnd);
  const year = records.map((users) => ({ days: [] as Counts[], users }));
  const start = totalsKey("day", firstDay("month", first));
  const end = totalsKey("day", endDay("month", last));
  for await (const { key, value } of kv.list({ start, end }, { batchSize: 500 })) {
    const month = periodOf("month", Number(key.at(-1)));
    year[month - first]!.days.push(decodeCounts(value, fieldsEnd));
  }
  return year;
}

async function readCounts(
  kv: Deno.Kv,
  keys: readonly Deno.KvKey[],
  end: number,
): Promise<Counts[]> {
  const reads: Promise<Counts[]>[] = [];
  for (let i = 0; i < keys.length; i += GET_MANY) {
    const part = kv.getMany(keys.slice(i, i + GET_MANY));
    reads.push(part.then((entries) => entries.map((entry) => decodeCounts(entry.value, end))));
  }
  return (await Promise.all(reads)).flat();
}

/** The bots that had a conversation in the period. */
export async function readBots(
  kv: Deno.Kv,
  kind: "day" | "month",
  n: number,
): Promise<BotCounts[]> {
  const found: (Omit<BotCounts, "botId"> & { index: number })[] = [];
  for await (const { key, value } of kv.list({ prefix: rollupPrefix(kind, n) })) {
    const record = decodeCounts(value);
    for (let slot = 0; slot < BOTS_A_CHUNK; slot++) {
      const of = (metric: number) => countOf(record, slot * STRIDE + metric);
      const conversations = of(Metric.conversations);
      if (conversations === 0) continue;
      found.push({
        index: (key[3] as number) * BOTS_A_CHUNK + slot,
        conversations,
        scores: of(Metric.scores),
        scoreSum: of(Metric.scoreSum),
      });
    }
  }
  const ids = await readBotIds(kv, found.map((bot) => bot.index));
  return found.map(({ index, ...counts }) => ({ botId: ids.get(index)!, ...counts }));
}

/** Days of the period up to and with `today`; all of them once it is over. */
export function daysSoFar(kind: PeriodKind, n: number, today: number): number[] {
  const days: number[] = [];
  const end = Math.min(endDay(kind, n), today + 1);
  for (let day = firstDay(kind, n); day < end; day++) days.push(day);
  return days;
}

/** Whether the period still runs (or has not begun). */
export const isPartial = (kind: PeriodKind, n: number, today: number): boolean =>
  periodOf(kind, today) <= n;
