import { invalidField } from "../../errors.ts";
import { QUARTER_MS, quarterOf } from "../periods.ts";
import { round2 } from "../rounding.ts";
import { addSum, ALL_BOTS, bucketSums, type Sum } from "./bucket_sums.ts";
import { bucketUsers } from "./bucket_users.ts";
import { addDays, daysBetween, localDate, startOf, startOfDay } from "./calendar.ts";
import {
  type Figures,
  isUserFigure,
  type MetricName,
  needsHistograms,
  UNCOMPARED,
} from "./catalogue.ts";
import { botNumber, daysOf, figuresOf, type FigureSources } from "./range.ts";

export interface CompareQuery {
  /** `week` and `month`: the calendar one of `from`, by default the running one, and the one before. */
  unit: "days" | "week" | "month";
  from?: string;
  to?: string;
  zone: string;
  botId?: string;
  metrics: readonly MetricName[];
}

interface Side {
  start: string;
  end: string;
  figures: Partial<Record<MetricName, Figures>>;
}

export interface Comparison {
  current: Side;
  previous: Side;
  /**
   * `whole`: both periods from end to end. `equal_elapsed`: the current one still runs, so the
   * previous one is cut after the same time.
   */
  basis: "whole" | "equal_elapsed";
  /** (now − before) ÷ before × 100 of every figure that is not null; null where before is 0. */
  growth: Partial<Record<MetricName, Figures>>;
}

const MAX_DAYS = 800;

/** Compares a span of local days with the one of equal kind right before it. */
export async function compare(
  { kv, clock, users: months }: FigureSources,
  query: CompareQuery,
): Promise<Comparison> {
  const { zone, botId, metrics } = query;
  const now = clock.now();
  const [from, next, before] = spansOf(query, now);
  const ofUsers = metrics.filter(isUserFigure);
  if (ofUsers.length > 0 && botId !== undefined) {
    throw invalidField(
      "metrics",
      `${ofUsers.join(", ")}: users are counted over all bots together; leave out bot_id`,
    );
  }
  const beyond = metrics.filter((name) => UNCOMPARED.includes(name));
  if (beyond.length > 0) {
    throw invalidField(
      "metrics",
      `${beyond.join(", ")}: looks beyond the period; compare active_users`,
    );
  }
  const bot = botId === undefined ? undefined : await botNumber(kv, botId);
  const start = startOfDay(from, zone);
  const end = startOfDay(next, zone);
  const previous = startOfDay(before, zone);
  if (start * QUARTER_MS > now) throw invalidField("from", "must not lie in the future");
  const partial = end * QUARTER_MS > now;
  // Of a running period the quarter hours that are over; the one that runs would not be equal.
  const elapsed = partial ? Math.max(0, quarterOf(now) - start) : end - start;
  const previousEnd = partial ? Math.min(start, previous + elapsed) : start;
  const spans = [
    { from: previous, to: previousEnd, local: "" },
    { from: previousEnd, to: start, local: "" },
    { from: start, to: start + elapsed, local: "" },
  ];
  // Of both together, since users of a month are read one by one.
  const users = ofUsers.length > 0 ? (await bucketUsers(months, spans)).each : [];
  const side = async (i: 0 | 2): Promise<Side> => {
    const bucket = spans[i]!;
    const { from, to } = bucket;
    const sum: Sum = new Map();
    const wanted = { bot, histograms: needsHistograms(metrics) };
    if (to > from) {
      for await (const sums of bucketSums(kv, [bucket], wanted)) {
        addSum(sum, sums.get(ALL_BOTS) ?? new Map());
      }
    }
    return { start: iso(from), end: iso(to), figures: figuresOf(metrics, sum, users[i]) };
  };
  const current = await side(2);
  const earlier = await side(0);
  const growth: Comparison["growth"] = {};
  for (const name of metrics) {
    growth[name] = growthOf(current.figures[name]!, earlier.figures[name]!);
  }
  const basis = partial ? "equal_elapsed" : "whole";
  return { current, previous: earlier, basis, growth };
}

/** First day, first day after, and first day of the period before. */
function spansOf(query: CompareQuery, now: number): [string, string, string] {
  const { unit, zone } = query;
  if (unit === "days") {
    const { from, to } = daysOf(query, now, MAX_DAYS, 7);
    return [from, addDays(to, 1), addDays(from, -daysBetween(from, to))];
  }
  daysOf({ zone }, now, MAX_DAYS);
  const from = startOf(unit, query.from ?? localDate(now, zone));
  const next = startOf(unit, addDays(from, unit === "week" ? 7 : 31));
  return [from, next, startOf(unit, addDays(from, -1))];
}

function growthOf(now: Figures, before: Figures): Figures {
  const growth: Figures = {};
  for (const [name, value] of Object.entries(now)) {
    const earlier = before[name] ?? null;
    if (value === null || earlier === null) growth[name] = null;
    else growth[name] = earlier === 0 ? null : round2((value - earlier) / earlier * 100);
  }
  return growth;
}

const iso = (quarter: number) => new Date(quarter * QUARTER_MS).toISOString();
