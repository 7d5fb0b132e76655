import { countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import { readBotIds } from "./bot_index.ts";
import { rollupPrefix, totalsKey } from "./keys.ts";
import { BOTS_A_CHUNK, HOUR_STRIDE, HourMetric, HOURS, Metric, STRIDE } from "./metrics.ts";
import { endDay, firstDay, type PeriodKind, periodOf, QUARTERS_A_DAY } from "./periods.ts";

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

/** The totals that a daily or weekly report shows: its period's and, of a week, the one's before. */
export interface ReportTotals {
  current: PeriodTotals;
  previous: PeriodTotals | null;
}

/** A counter over the days of a period. */
export const sumOver = (period: Pick<PeriodTotals, "days">, metric: number): number =>
  period.days.reduce((sum, day) => sum + countOf(day, metric), 0);

/** Changes with every change of the rollups behind these totals, and never back. */
export function versionOf({ current, previous }: ReportTotals): number {
  const version = (period: PeriodTotals) =>
    sumOver(period, Metric.version) + countOf(period.users, Metric.version);
  return version(current) + (previous ? version(previous) : 0);
}

/** The fields of totals that reports show are below this; ten times as many may lie above. */
export const COUNTERS = HOURS;
/** What `versionOf` is made of lies below this. */
export const VERSIONS = Metric.version + 1;

/** Loads the fields below `end` of the totals for the report of a period, as in periods.ts. */
export async function readTotals(
  kv: Deno.Kv,
  kind: "day" | "week",
  n: number,
  end: number,
): Promise<ReportTotals> {
  const [current, previous] = await Promise.all([
    readPeriod(kv, kind, n, end),
    kind === "day" ? null : readPeriod(kv, kind, n - 1, end),
  ]);
  return { current, previous };
}

async function readPeriod(
  kv: Deno.Kv,
  kind: "day" | "week",
  n: number,
  end: number,
): Promise<PeriodTotals> {
  const [first, after] = [firstDay(kind, n), endDay(kind, n)];
  const [days, week] = await Promise.all([
    readRun(kv, "day", first, after - first),
    kind === "day" ? null : readRun(kv, kind, n, 1),
  ]);
  const counts = days.map((entry) => decodeCounts(entry?.value, end));
  return { days: counts, users: week ? decodeCounts(week[0]?.value, end) : counts[0]! };
}

/** The totals of so many periods in a row; undefined for those without any. */
export async function readRun(
  kv: Deno.Kv,
  kind: PeriodKind,
  first: number,
  length: number,
): Promise<(Deno.KvEntry<unknown> | undefined)[]> {
  const run = new Array<Deno.KvEntry<unknown> | undefined>(length).fill(undefined);
  const range = { start: totalsKey(kind, first), end: totalsKey(kind, first + length) };
  for await (const entry of kv.list(range)) run[Number(entry.key.at(-1)) - first] = entry;
  return run;
}

/** Conversations that began in the quarter hours from `from` up to, not including, `to`. */
export async function conversationsIn(kv: Deno.Kv, from: number, to: number): Promise<number> {
  let sum = 0;
  const range = {
    start: totalsKey("day", Math.floor(from / QUARTERS_A_DAY)),
    end: totalsKey("day", Math.ceil(to / QUARTERS_A_DAY)),
  };
  for await (const { key, value } of kv.list(range)) {
    const day = decodeCounts(value);
    const first = Number(key.at(-1)) * QUARTERS_A_DAY;
    for (let quarter = 0; quarter < QUARTERS_A_DAY; quarter++) {
      if (first + quarter < from || first + quarter >= to) continue;
      sum += countOf(day, HOURS + quarter * HOUR_STRIDE + HourMetric.conversations);
    }
  }
  return sum;
}

/** The bots that had a conversation on a day. */
export async function readBots(kv: Deno.Kv, day: number): Promise<BotCounts[]> {
  const found: NumberedCounts[] = [];
  for await (const { key, value } of kv.list({ prefix: rollupPrefix("day", day) })) {
    for (const bot of botsIn(Number(key[3]), decodeCounts(value))) found.push(bot);
  }
  return await withIds(kv, found);
}

/** A bot's counters by its number. */
export type NumberedCounts = Omit<BotCounts, "botId"> & { index: number };

/** The bots of a chunk that had a conversation, from the chunk's rollup. */
export function botsIn(chunk: number, record: Counts): NumberedCounts[] {
  const found: NumberedCounts[] = [];
  for (let slot = 0; slot < BOTS_A_CHUNK; slot++) {
    const of = (metric: number) => countOf(record, slot * STRIDE + metric);
    const conversations = of(Metric.conversations);
    if (conversations === 0) continue;
    const index = chunk * BOTS_A_CHUNK + slot;
    found.push({ index, conversations, scores: of(Metric.scores), scoreSum: of(Metric.scoreSum) });
  }
  return found;
}

/** Puts bots' ids in the place of their numbers. */
export async function withIds(
  kv: Deno.Kv,
  found: readonly NumberedCounts[],
): Promise<BotCounts[]> {
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
