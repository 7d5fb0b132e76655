import type { Clock } from "../../clock.ts";
import { invalidField, notFound } from "../../errors.ts";
import { botKey } from "../keys.ts";
import { readBotIds } from "../bot_index.ts";
import { QUARTER_MS, quarterOf } from "../periods.ts";
import { type TrendDirection, trendDirection, type TrendSlope, trendSlope } from "../trend.ts";
import { addSum, ALL_BOTS, bucketSums, countIn, type Sum } from "./bucket_sums.ts";
import { type BucketUsers, bucketUsers, type UsersWanted } from "./bucket_users.ts";
import {
  addDays,
  type Bucket,
  bucketsOf,
  daysBetween,
  type Granularity,
  isTimeZone,
  localDate,
  startOf,
  startOfDay,
} from "./calendar.ts";
import {
  FIGURES,
  type Figures as MetricFigures,
  isUserFigure,
  type MetricName,
  needsHistograms,
  USER_FIGURES,
} from "./catalogue.ts";
import { Metric } from "../metrics.ts";
import type { UserMonths } from "../user_months.ts";
import type { TrailingBucket } from "./trailing.ts";

/** Where figures are read from. */
export interface FigureSources {
  kv: Deno.Kv;
  clock: Clock;
  users: UserMonths;
}

export interface RangeQuery {
  /** Local days, both included; by default the last 30 up to today. */
  from?: string;
  to?: string;
  granularity: Granularity;
  /** IANA name. */
  zone: string;
  botId?: string;
  /** Tell the bots apart: a row for each that has anything in a bucket. */
  byBot?: boolean;
  metrics: readonly MetricName[];
}

/** A bucket's figures. */
export interface RangeRow {
  start: string;
  end: string;
  /** Start by the zone's wall clock. */
  local_start: string;
  /** It still runs. */
  partial: boolean;
  bot_id?: string;
  figures: Partial<Record<MetricName, MetricFigures>>;
}

export interface Range {
  from: string;
  to: string;
  metrics: readonly MetricName[];
  rows: AsyncGenerator<RangeRow>;
  /** Over the whole range; complete once `rows` is exhausted. */
  summary(): RangeSummary;
}

export interface RangeSummary {
  totals: Partial<Record<MetricName, MetricFigures>>;
  /** Of the conversations of those buckets that are over. */
  trend: { direction: TrendDirection; slope: TrendSlope };
}

const MAX_DAYS: Record<Granularity, number> = { hour: 62, day: 800, week: 1_830, month: 3_660 };
const DEFAULT_DAYS = 30;

/** Refuses what names no time zone. */
export function requireZone(zone: string): void {
  if (!isTimeZone(zone)) throw invalidField("tz", "must be a time zone such as Europe/Berlin");
}

/** The local days of a query, checked. */
export function daysOf(
  query: { from?: string; to?: string; zone: string },
  now: number,
  maxDays: number,
  defaultDays = DEFAULT_DAYS,
): { from: string; to: string } {
  requireZone(query.zone);
  const to = query.to ?? localDate(now, query.zone);
  const from = query.from ?? addDays(to, 1 - defaultDays);
  const days = daysBetween(from, to);
  if (days < 1) throw invalidField("from", "must not lie after to");
  if (days > maxDays) {
    throw invalidField("from", `at most ${maxDays} days may be asked for; this range has ${days}`);
  }
  return { from, to };
}

/** A bot's number in the records; AppError `not_found` when nothing was ever counted for it. */
export async function botNumber(kv: Deno.Kv, botId: string): Promise<number> {
  const { value } = await kv.get<{ index: number }>(botKey(botId));
  if (!value) throw notFound(`nothing was counted for a bot ${botId}`);
  return value.index;
}

/**
 * Figures of any span of local days by hour, day, week or month. Everything is checked before it
 * resolves; the rows are read while they are taken.
 */
export async function openRange(
  { kv, clock, users: userMonths }: FigureSources,
  query: RangeQuery,
): Promise<Range> {
  const { granularity, zone, botId, byBot = false, metrics } = query;
  const now = clock.now();
  const { from, to } = daysOf(query, now, MAX_DAYS[granularity]);
  const ofUsers = metrics.filter(isUserFigure);
  if (ofUsers.length > 0 && (botId !== undefined || byBot)) {
    throw invalidField(
      "metrics",
      `${
        ofUsers.join(", ")
      }: users are counted over all bots together; leave out bot_id and by=bot`,
    );
  }
  const bot = botId === undefined ? undefined : await botNumber(kv, botId);
  const buckets = bucketsOf(from, to, granularity, zone)
    .filter((bucket) => bucket.from * QUARTER_MS <= now);
  const names = metrics.filter((name) => !isUserFigure(name));
  const total: Sum = new Map();
  const conversations: number[] = [];
  let users: Awaited<ReturnType<typeof bucketUsers>> | undefined;

  async function* rows(): AsyncGenerator<RangeRow> {
    if (ofUsers.length > 0) {
      users = await bucketUsers(userMonths, buckets, usersWanted(query, from, buckets, now));
    }
    let i = 0;
    const wanted = { bot, byBot, histograms: needsHistograms(metrics) };
    for await (const sums of bucketSums(kv, buckets, wanted)) {
      const bucket = buckets[i]!;
      const partial = bucket.to * QUARTER_MS > now;
      const frame = { ...boundsOf(bucket), local_start: bucket.local, partial };
      let started = 0;
      for (const sum of sums.values()) {
        addSum(total, sum);
        started += countIn(sum, Metric.conversations);
      }
      if (!partial) conversations.push(started);
      if (byBot) yield* await rowsByBot(kv, frame, sums, names);
      else {
        const sum = sums.get(ALL_BOTS) ?? new Map();
        yield { ...frame, figures: figuresOf(metrics, sum, users?.each[i]) };
      }
      i++;
    }
  }

  return {
    from,
    to,
    metrics,
    rows: rows(),
    summary: () => ({
      totals: figuresOf(metrics, total, users?.all),
      trend: { direction: trendDirection(conversations), slope: trendSlope(conversations) },
    }),
  };
}

const iso = (quarter: number) => new Date(quarter * QUARTER_MS).toISOString();
const boundsOf = ({ from, to }: Bucket) => ({ start: iso(from), end: iso(to) });

async function rowsByBot(
  kv: Deno.Kv,
  frame: Omit<RangeRow, "figures">,
  sums: ReadonlyMap<number, Sum>,
  names: readonly MetricName[],
): Promise<RangeRow[]> {
  const bots = [...sums.keys()].filter((bot) => [...sums.get(bot)!.values()].some((n) => n !== 0));
  const ids = await readBotIds(kv, bots.sort((a, b) => a - b));
  return bots.map((bot) => ({
    ...frame,
    bot_id: ids.get(bot)!,
    figures: figuresOf(names, sums.get(bot)!, undefined),
  }));
}

/** The figures of these metrics, from a sum and, for those of users, from numbers of users. */
export function figuresOf(
  names: readonly MetricName[],
  sum: Sum,
  users: BucketUsers | undefined,
): Partial<Record<MetricName, MetricFigures>> {
  const figures: Partial<Record<MetricName, MetricFigures>> = {};
  for (const name of names) {
    if (!isUserFigure(name)) figures[name] = FIGURES[name](sum);
    else if (users) figures[name] = USER_FIGURES[name](users);
  }
  return figures;
}

/** What the metrics need to know of users. */
function usersWanted(
  { metrics, granularity, zone }: RangeQuery,
  from: string,
  buckets: readonly Bucket[],
  now: number,
): UsersWanted {
  const wanted: UsersWanted = {};
  if (metrics.includes("lifecycle")) {
    const first = startOf(granularity, from);
    // Two days, because a zone may have left one out.
    const before = bucketsOf(addDays(first, -2), addDays(first, -1), granularity, zone).at(-1)!;
    wanted.before = { first: before, all: asLongBefore(buckets, zone) };
  }
  if (metrics.includes("engagement")) wanted.trailing = withTrailing(buckets, zone, now);
  if (metrics.includes("contained_24h_rate")) wanted.callbacks = quarterOf(now);
  return wanted;
}

/** As many local days right before the buckets as they have, one that still runs included. */
function asLongBefore(buckets: readonly Bucket[], zone: string): Bucket {
  const start = buckets[0]?.from ?? 0;
  const dateAt = (quarter: number) => localDate(quarter * QUARTER_MS, zone);
  const [first, last] = [dateAt(start), dateAt((buckets.at(-1)?.to ?? 1) - 1)];
  const before = startOfDay(addDays(first, -daysBetween(first, last)), zone);
  return { from: before, to: start, local: "" };
}

/** The last 1, 7 and 30 local days up to each bucket's end, or up to now where it still runs. */
function withTrailing(buckets: readonly Bucket[], zone: string, now: number): TrailingBucket[] {
  return buckets.map((bucket) => {
    const last = localDate(Math.min(bucket.to * QUARTER_MS, now + 1) - 1, zone);
    const start = (days: number) => startOfDay(addDays(last, 1 - days), zone);
    return { ...bucket, day: start(1), week: start(7), month: start(30) };
  });
}
