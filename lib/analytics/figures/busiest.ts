import type { Clock } from "../../clock.ts";
import { countOf, decodeCounts } from "../../kv/counts.ts";
import { rollupKey, totalsKey } from "../keys.ts";
import { BOTS_A_CHUNK, HOUR_STRIDE, HourMetric, HOURS, Metric, STRIDE } from "../metrics.ts";
import { quarterOf, QUARTERS_A_DAY } from "../periods.ts";
import { round2 } from "../rounding.ts";
import { addDays, startOfDay, wallClocks } from "./calendar.ts";
import { botNumber, daysOf } from "./range.ts";

export interface BusiestQuery {
  /** Local days, both included; by default the last 28 up to today. */
  from?: string;
  to?: string;
  zone: string;
  botId?: string;
}

/** An hour of the week. */
export interface HourOfWeek {
  /** 1 is Monday. */
  weekday: number;
  /** 0–23 by the wall clock. */
  hour: number;
  /** Conversations that started, and turns that ended. */
  conversations: number;
  turns: number;
  /** Hours of this kind that the range has had so far, to the quarter hour. */
  n: number;
  /** Conversations per hour; null where the range has had no such hour. */
  conversations_per_hour: number | null;
}

const MAX_DAYS = 400;
const DEFAULT_DAYS = 28;

/** How busy each hour of the week was over a range of local days: 7 × 24 rows from Monday 0:00. */
export async function busiest(
  kv: Deno.Kv,
  clock: Clock,
  query: BusiestQuery,
): Promise<{ from: string; to: string; hours: HourOfWeek[] }> {
  const { zone, botId } = query;
  const now = clock.now();
  const { from, to } = daysOf(query, now, MAX_DAYS, DEFAULT_DAYS);
  const bot = botId === undefined ? undefined : await botNumber(kv, botId);
  const start = startOfDay(from, zone);
  const end = Math.min(startOfDay(addDays(to, 1), zone), quarterOf(now) + 1);
  const week = Array.from({ length: 7 * 24 }, () => ({ conversations: 0, turns: 0, quarters: 0 }));
  const hours = wallClocks(start, end, zone)
    .map(({ weekday, hour }) => week[weekday * 24 + hour]!);
  for (const hour of hours) hour.quarters++;
  const counted = bot === undefined ? allBots(kv, start, end) : oneBot(kv, bot, start, end);
  for await (const { quarter, conversations, turns } of counted) {
    const hour = hours[quarter - start]!;
    hour.conversations += conversations;
    hour.turns += turns;
  }
  return {
    from,
    to,
    hours: week.map(({ conversations, turns, quarters }, i) => ({
      weekday: Math.floor(i / 24) + 1,
      hour: i % 24,
      conversations,
      turns,
      n: quarters / 4,
      conversations_per_hour: quarters === 0 ? null : round2(conversations * 4 / quarters),
    })),
  };
}

interface Quarter {
  quarter: number;
  conversations: number;
  turns: number;
}

async function* allBots(kv: Deno.Kv, start: number, end: number): AsyncGenerator<Quarter> {
  const days = [Math.floor(start / QUARTERS_A_DAY), Math.ceil(end / QUARTERS_A_DAY)] as const;
  const range = { start: totalsKey("day", days[0]), end: totalsKey("day", days[1]) };
  for await (const { key, value } of kv.list(range)) {
    const record = decodeCounts(value);
    const midnight = Number(key.at(-1)) * QUARTERS_A_DAY;
    const last = Math.min(end, midnight + QUARTERS_A_DAY);
    for (let quarter = Math.max(start, midnight); quarter < last; quarter++) {
      const of = (place: number) =>
        countOf(record, HOURS + (quarter - midnight) * HOUR_STRIDE + place);
      const turns = of(HourMetric.turnsCompleted) + of(HourMetric.turnsFailed) +
        of(HourMetric.turnsCancelled);
      yield { quarter, conversations: of(HourMetric.conversations), turns };
    }
  }
}

async function* oneBot(
  kv: Deno.Kv,
  bot: number,
  start: number,
  end: number,
): AsyncGenerator<Quarter> {
  const chunk = Math.floor(bot / BOTS_A_CHUNK);
  const base = (bot % BOTS_A_CHUNK) * STRIDE;
  const range = {
    start: rollupKey("quarter", start, chunk),
    end: rollupKey("quarter", end, chunk),
  };
  for await (const { key, value } of kv.list(range)) {
    const record = decodeCounts(value);
    const of = (metric: number) => countOf(record, base + metric);
    const turns = of(Metric.turnsCompleted) + of(Metric.turnsFailed) + of(Metric.turnsCancelled);
    yield { quarter: Number(key.at(-1)), conversations: of(Metric.conversations), turns };
  }
}
