import { bump, countOf, type Counts, decodeCounts, NO_COUNTS } from "../kv/counts.ts";
import { type DaySpan, daySpan, dayText, type Differences } from "./differences.ts";
import { rollupKey, totalsKey } from "./keys.ts";
import {
  BOTS_A_CHUNK,
  COUNTERS_END,
  HOUR_STRIDE,
  HourMetric,
  HOURS,
  Lost,
  Metric,
  metricName,
  sourceOf,
  STRIDE,
} from "./metrics.ts";
import { dateText, endDay, firstDay, periodOf, QUARTER_MS, QUARTERS_A_DAY } from "./periods.ts";
import type { FactTally } from "./recount_facts.ts";
import { hoursOf } from "./rollup.ts";

type Fields = Map<number, number>;

/** Sums by number, such as counters by day. */
class Sums {
  readonly of = new Map<number, Fields>();

  add(n: number, field: number, by: number): void {
    let fields = this.of.get(n);
    if (!fields) this.of.set(n, fields = new Map());
    bump(fields, field, by);
  }
}

/** Compares quarter hours with the facts, and everything above with the quarter hours. */
export async function compareRollups(
  kv: Deno.Kv,
  tally: FactTally,
  lost: ReadonlyMap<number, Counts>,
  found: Differences,
  signal?: AbortSignal,
): Promise<void> {
  const facts = tally.quarters();
  const botIds = new Map([...tally.bots].map(([id, index]) => [index, id]));
  const fieldName = (chunk: number) => (field: number) => {
    const bot = chunk * BOTS_A_CHUNK + Math.floor(field / STRIDE);
    return `${metricName(field % STRIDE)} of bot ${botIds.get(bot) ?? `#${bot}`}`;
  };
  const totals = new Sums();
  const hours = new Sums();
  const chunks = new Set([...facts.keys(), ...await storedChunks(kv)]);
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    const name = fieldName(chunk);
    const expected = facts.get(chunk) ?? new Map<number, Fields>();
    const days = new Sums();
    const months = new Sums();
    const prefix = rollupKey("quarter", 0, chunk).slice(0, -1);
    for await (const { key, value } of kv.list({ prefix })) {
      const quarter = Number(key.at(-1));
      const stored = decodeCounts(value);
      compareQuarter(found, quarter, expected.get(quarter), stored, lost, name);
      expected.delete(quarter);
      const day = Math.floor(quarter / QUARTERS_A_DAY);
      const counters: Fields = new Map();
      stored.fields.forEach((field, i) => {
        const count = stored.values[i]!;
        days.add(day, field, count);
        const metric = field % STRIDE;
        if (metric >= COUNTERS_END) return;
        months.add(periodOf("month", day), field, count);
        totals.add(day, metric, count);
        bump(counters, metric, count);
      });
      for (const [field, count] of hoursOf(quarter, counters)) hours.add(day, field, count);
    }
    for (const [quarter, fields] of expected) {
      compareQuarter(found, quarter, fields, NO_COUNTS, lost, name);
    }
    await compareEach(kv, found, "day", chunk, days, name);
    await compareEach(kv, found, "month", chunk, months, name);
  }
  await compareTotals(kv, found, totals, hours);
}

async function storedChunks(kv: Deno.Kv): Promise<Set<number>> {
  const chunks = new Set<number>();
  for (const letter of ["d", "m"]) {
    for await (const { key } of kv.list({ prefix: ["stats", letter] })) chunks.add(Number(key[3]));
  }
  // Chunks that have quarter hours alone: from each one on to the next.
  for (let start: Deno.KvKey = ["stats", "q", 0];;) {
    const [first] = await Array.fromAsync(kv.list({ start, end: ["stats", "r"] }, { limit: 1 }));
    if (!first) return chunks;
    const chunk = Number(first.key[2]);
    chunks.add(chunk);
    start = ["stats", "q", chunk + 1];
  }
}

function compareQuarter(
  found: Differences,
  quarter: number,
  expected: Fields | undefined,
  stored: Counts,
  lost: ReadonlyMap<number, Counts>,
  name: (field: number) => string,
): void {
  const day = Math.floor(quarter / QUARTERS_A_DAY);
  const gone = lost.get(day) ?? NO_COUNTS;
  const conversations = countOf(gone, Lost.conversations) === 0;
  const kept = {
    conversation: conversations,
    "first turn": conversations && countOf(gone, Lost.records) === 0,
    turn: countOf(gone, Lost.turns) === 0,
  };
  const record = `quarter hour ${new Date(quarter * QUARTER_MS).toISOString().slice(0, 16)}Z`;
  found.checkRecord(
    daySpan(day),
    record,
    expected ?? new Map(),
    stored,
    name,
    (field) => kept[sourceOf(field % STRIDE)],
  );
}

const monthSpan = (month: number): DaySpan => ({
  from: firstDay("month", month),
  to: endDay("month", month),
});
const monthText = (month: number) => `month ${dateText(firstDay("month", month)).slice(0, 7)}`;

/** Compares a chunk's days or months, those without any quarter hour too. */
async function compareEach(
  kv: Deno.Kv,
  found: Differences,
  kind: "day" | "month",
  chunk: number,
  sums: Sums,
  name: (field: number) => string,
): Promise<void> {
  const periods = new Set(sums.of.keys());
  for await (const { key } of kv.list({ prefix: ["stats", kind === "day" ? "d" : "m"] })) {
    if (key[3] === chunk) periods.add(Number(key[2]));
  }
  for (const n of periods) {
    const stored = decodeCounts((await kv.get(rollupKey(kind, n, chunk))).value);
    const [span, text] = kind === "day" ? [daySpan(n), dayText(n)] : [monthSpan(n), monthText(n)];
    found.checkRecord(span, text, nonZero(sums.of.get(n)), stored, name);
  }
}

/** Totals of a day over all bots: what its quarter hours hold. Users are compared elsewhere. */
async function compareTotals(
  kv: Deno.Kv,
  found: Differences,
  totals: Sums,
  hours: Sums,
): Promise<void> {
  const ofRollups = (field: number) =>
    field !== Metric.version && (field < Metric.activeUsers || field >= HOURS);
  const days = new Set(totals.of.keys());
  for await (const { key } of kv.list({ prefix: totalsKey("day", 0).slice(0, -1) })) {
    days.add(Number(key.at(-1)));
  }
  for (const day of days) {
    const stored = decodeCounts((await kv.get(totalsKey("day", day))).value);
    const expected = nonZero(totals.of.get(day));
    for (const [field, count] of nonZero(hours.of.get(day))) expected.set(field, count);
    const record = `totals of ${dayText(day)}`;
    found.checkRecord(daySpan(day), record, expected, stored, totalsName, ofRollups);
  }
}

/** A field of a day's totals in words. */
function totalsName(field: number): string {
  if (field < HOURS) return metricName(field);
  const place = (field - HOURS) % HOUR_STRIDE;
  const [name] = Object.entries(HourMetric).find(([, n]) => n === place) ?? [`field ${place}`];
  return `${name} of quarter hour ${Math.floor((field - HOURS) / HOUR_STRIDE)}`;
}

const nonZero = (fields: Fields | undefined): Fields =>
  new Map([...fields ?? []].filter(([, count]) => count !== 0));
