import { decodeCounts, lowerBound } from "../../kv/counts.ts";
import { nextBotKey, rollupKey, totalsKey } from "../keys.ts";
import { BOTS_A_CHUNK, Metric, STRIDE } from "../metrics.ts";
import { QUARTERS_A_DAY } from "../periods.ts";
import type { Bucket } from "./calendar.ts";

/** Counts by metric or histogram bucket. */
export type Sum = Map<number, number>;

/** Sums of a bucket: of the one bot asked for or of all together, or each bot's by its number. */
export type BucketSums = Map<number, Sum>;

/** The key in `BucketSums` of what is not told apart by bot. */
export const ALL_BOTS = -1;

export interface Wanted {
  /** One bot's number; undefined: all of them. */
  bot?: number;
  /** Tell the bots apart. */
  byBot?: boolean;
  /** Whether percentiles are asked for: totals of a day over all bots have none. */
  histograms: boolean;
}

/** Days read before their buckets are handed on, at least one bucket. */
const WINDOW_DAYS = 32;
const GET_MANY = 10;

interface Span {
  from: number;
  to: number;
}

/**
 * The sums of each bucket, in order. Whole UTC days come from the day rollups, what is left at the
 * edges from quarter hours, so it costs by time and bots, never by conversations.
 */
export async function* bucketSums(
  kv: Deno.Kv,
  buckets: readonly Bucket[],
  wanted: Wanted,
): AsyncGenerator<BucketSums> {
  const chunks = Math.ceil(((await kv.get<number>(nextBotKey)).value ?? 0) / BOTS_A_CHUNK);
  for (let i = 0; i < buckets.length;) {
    const end = buckets[i]!.from + WINDOW_DAYS * QUARTERS_A_DAY;
    let next = i + 1;
    while (next < buckets.length && buckets[next]!.to <= end) next++;
    const window = buckets.slice(i, next);
    yield* await new Window(kv, window, wanted, chunks).read();
    i = next;
  }
}

/** Adds one sum to another. */
export function addSum(into: Sum, from: Sum): void {
  for (const [field, count] of from) into.set(field, (into.get(field) ?? 0) + count);
}

class Window {
  readonly #sums: BucketSums[];

  constructor(
    readonly kv: Deno.Kv,
    readonly buckets: readonly Bucket[],
    readonly wanted: Wanted,
    readonly chunks: number,
  ) {
    this.#sums = buckets.map(() => new Map());
  }

  async read(): Promise<BucketSums[]> {
    const { days, quarters } = cover(this.buckets);
    for (const span of days) await this.#readDays(span);
    for (const span of quarters) await this.#readQuarters(span);
    return this.#sums;
  }

  async #readDays({ from, to }: Span): Promise<void> {
    const { bot, byBot, histograms } = this.wanted;
    if (bot !== undefined) return await this.#readDaysOf(bot, from, to);
    if (!histograms && !byBot) {
      const range = { start: totalsKey("day", from), end: totalsKey("day", to) };
      for await (const { key, value } of this.kv.list(range)) {
        const totals = decodeCounts(value, Metric.activeUsers);
        const sum = this.#sumOf(Number(key.at(-1)) * QUARTERS_A_DAY, ALL_BOTS);
        totals.fields.forEach((field, i) => {
          if (field === Metric.version) return;
          sum.set(field, (sum.get(field) ?? 0) + totals.values[i]!);
        });
      }
      return;
    }
    const range = { start: rollupKey("day", from, 0), end: rollupKey("day", to, 0) };
    for await (const { key, value } of this.kv.list(range)) {
      this.#add(Number(key[2]) * QUARTERS_A_DAY, Number(key[3]), value);
    }
  }

  async #readDaysOf(bot: number, from: number, to: number): Promise<void> {
    const chunk = Math.floor(bot / BOTS_A_CHUNK);
    const keys = Array.from({ length: to - from }, (_, i) => rollupKey("day", from + i, chunk));
    for (let i = 0; i < keys.length; i += GET_MANY) {
      for (const { key, value } of await this.kv.getMany(keys.slice(i, i + GET_MANY))) {
        this.#add(Number(key[2]) * QUARTERS_A_DAY, chunk, value);
      }
    }
  }

  async #readQuarters({ from, to }: Span): Promise<void> {
    const { bot } = this.wanted;
    const only = bot === undefined ? null : Math.floor(bot / BOTS_A_CHUNK);
    for (let chunk = only ?? 0; chunk < (only === null ? this.chunks : only + 1); chunk++) {
      const range = {
        start: rollupKey("quarter", from, chunk),
        end: rollupKey("quarter", to, chunk),
      };
      for await (const { key, value } of this.kv.list(range)) {
        this.#add(Number(key[3]), chunk, value);
      }
    }
  }

  #add(quarter: number, chunk: number, stored: unknown): void {
    const counts = decodeCounts(stored);
    const { bot, byBot } = this.wanted;
    const first = bot === undefined ? 0 : (bot % BOTS_A_CHUNK) * STRIDE;
    const end = bot === undefined ? counts.fields.length : lowerBound(counts, first + STRIDE);
    let slot = -1;
    let sum: Sum | undefined;
    for (let i = lowerBound(counts, first); i < end; i++) {
      const field = counts.fields[i]!;
      const of = byBot ? Math.floor(field / STRIDE) : 0;
      if (!sum || of !== slot) {
        slot = of;
        sum = this.#sumOf(quarter, byBot ? chunk * BOTS_A_CHUNK + slot : ALL_BOTS);
      }
      const metric = field % STRIDE;
      sum.set(metric, (sum.get(metric) ?? 0) + counts.values[i]!);
    }
  }

  #sumOf(quarter: number, bot: number): Sum {
    const sums = this.#sums[bucketAt(this.buckets, quarter)]!;
    let sum = sums.get(bot);
    if (!sum) sums.set(bot, sum = new Map());
    return sum;
  }
}

/** Index of the bucket that a quarter hour lies in, −1 when in none. */
export function bucketAt(buckets: readonly Bucket[], quarter: number): number {
  let low = 0;
  let high = buckets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buckets[middle]!.to <= quarter) low = middle + 1;
    else high = middle;
  }
  return low < buckets.length && buckets[low]!.from <= quarter ? low : -1;
}

/** The whole UTC days within the buckets, and the quarter hours at their edges. */
function cover(buckets: readonly Bucket[]): { days: Span[]; quarters: Span[] } {
  const days: Span[] = [];
  const quarters: Span[] = [];
  const add = (spans: Span[], from: number, to: number) => {
    if (to <= from) return;
    const last = spans.at(-1);
    if (last?.to === from) last.to = to;
    else spans.push({ from, to });
  };
  for (const { from, to } of buckets) {
    const first = Math.ceil(from / QUARTERS_A_DAY);
    const end = Math.floor(to / QUARTERS_A_DAY);
    if (end > first) {
      add(quarters, from, first * QUARTERS_A_DAY);
      add(days, first, end);
      add(quarters, end * QUARTERS_A_DAY, to);
    } else add(quarters, from, to);
  }
  return { days, quarters };
}

/** A counter of a sum. */
export const countIn = (sum: Sum, metric: number): number => sum.get(metric) ?? 0;
