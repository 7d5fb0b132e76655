import { countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import { readBotIds } from "./bot_index.ts";
import { rollupPrefix, totalsKey } from "./keys.ts";
import { BOTS_A_CHUNK, Metric, STRIDE } from "./metrics.ts";
import { endDay, firstDay, type PeriodKind, periodOf } from "./periods.ts";
import { readTopUsers, type UserCount } from "./top_users.ts";

const GET_MANY = 10;

/** A bot's counters in a period. */
export interface BotCounts {
  botId: string;
  conversations: number;
  scores: number;
  /** In millionths. */
  scoreSum: number;
}

export interface DayData {
  day: number;
  totals: Counts;
  bots: BotCounts[];
}

export interface WeekData {
  week: number;
  totals: Counts;
  previous: Counts;
  /** Totals of each day of the week, Monday first. */
  days: Counts[];
}

export interface MonthData {
  month: number;
  totals: Counts;
  previous: Counts;
  bots: BotCounts[];
  topUsers: UserCount[];
}

/** The data's version of each period: it changes with every change of that period's rollups. */
export const versionOf = (totals: Counts): number => countOf(totals, Metric.version);

/** Totals of several periods, in the order asked for. */
export async function readTotals(
  kv: Deno.Kv,
  periods: readonly (readonly [PeriodKind, number])[],
): Promise<Counts[]> {
  const reads: Promise<Counts[]>[] = [];
  for (let i = 0; i < periods.length; i += GET_MANY) {
    const keys = periods.slice(i, i + GET_MANY).map(([kind, n]) => totalsKey(kind, n));
    reads.push(kv.getMany(keys).then((entries) => entries.map((e) => decodeCounts(e.value))));
  }
  return (await Promise.all(reads)).flat();
}

export async function readDay(kv: Deno.Kv, day: number): Promise<DayData> {
  const [[totals], bots] = await Promise.all([
    readTotals(kv, [["day", day]]),
    readBots(kv, "day", day),
  ]);
  return { day, totals: totals!, bots };
}

export async function readWeek(kv: Deno.Kv, week: number): Promise<WeekData> {
  const days: [PeriodKind, number][] = [];
  for (let day = firstDay("week", week); day < endDay("week", week); day++) days.push(["day", day]);
  const [totals, previous, ...rest] = await readTotals(kv, [
    ["week", week],
    ["week", week - 1],
    ...days,
  ]);
  return { week, totals: totals!, previous: previous!, days: rest };
}

export async function readMonth(kv: Deno.Kv, month: number): Promise<MonthData> {
  const [[totals, previous], bots, topUsers] = await Promise.all([
    readTotals(kv, [["month", month], ["month", month - 1]]),
    readBots(kv, "month", month),
    readTopUsers(kv, month),
  ]);
  return { month, totals: totals!, previous: previous!, bots, topUsers };
}

/** The bots that had a conversation in the period. */
async function readBots(kv: Deno.Kv, kind: "day" | "month", n: number): Promise<BotCounts[]> {
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

/** The periods whose data a report shows; it is out of date once one of their versions changes. */
export function sourcesOf(kind: PeriodKind, n: number): [PeriodKind, number][] {
  return kind === "day" ? [[kind, n]] : [[kind, n], [kind, n - 1]];
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
