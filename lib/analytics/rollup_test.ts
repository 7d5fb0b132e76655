import assert from "node:assert/strict";
import fc from "fast-check";
import { addCounts, countOf, type Counts, decodeCounts, NO_COUNTS } from "../kv/counts.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import {
  BOTS_A_CHUNK,
  COUNTERS_END,
  HOUR_STRIDE,
  HourMetric,
  HOURS,
  Metric,
  STRIDE,
} from "./metrics.ts";
import { DAY_MS } from "./periods.ts";
import { Rollup } from "./rollup.ts";

const START = Date.parse("2026-02-26T00:00:00Z");

interface Event {
  at: number;
  bot: number;
  field: number;
  by: number;
}

const event: fc.Arbitrary<Event> = fc.record({
  at: fc.integer({ min: 0, max: 5 * DAY_MS }).map((ms) => START + ms),
  bot: fc.integer({ min: 0, max: 3 * BOTS_A_CHUNK }),
  field: fc.constantFrom(
    Metric.conversations,
    Metric.messages,
    Metric.turnsCompleted,
    Metric.turnsFailed,
    Metric.scoreSum,
    COUNTERS_END + 7,
    COUNTERS_END + 900,
  ),
  by: fc.integer({ min: -3, max: 1_000_000 }),
});

/** Commits the events in these groups, all at once, and reads every record. */
async function recordsOf(groups: readonly (readonly Event[])[]): Promise<Map<string, Counts>> {
  await using db = await Database.open({ path: ":memory:" });
  await Promise.all(groups.map(async (events) => {
    const rollup = new Rollup();
    for (const { at, bot, field, by } of events) rollup.count(at, bot, field, by);
    const tx = new WriteSet();
    rollup.addTo(tx);
    assert.equal(await db.commit(tx), true);
  }));
  const records = new Map<string, Counts>();
  for await (const { key, value } of db.kv.list({ prefix: ["stats"] })) {
    const counts = decodeCounts(value);
    // How often data changed does depend on the groups.
    const version = key[1] === "t" ? new Map([[Metric.version, -countOf(counts, 0)]]) : new Map();
    const rest = addCounts(counts, version);
    if (rest.fields.length > 0) records.set(key.join(" "), rest);
  }
  return records;
}

const sanitize = { sanitizeOps: true, sanitizeResources: true };

Deno.test(
  "rollups come out the same however events are grouped and ordered",
  sanitize,
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(event, fc.nat(3)), { maxLength: 60 }),
        async (placed) => {
          const events = placed.map(([one]) => one);
          const together = await recordsOf([events]);
          const reversed = await recordsOf([[...events].reverse()]);
          const groups = [0, 1, 2, 3].map((n) =>
            placed.filter(([, m]) => m === n).map(([one]) => one)
          );
          assert.deepEqual(reversed, together);
          assert.deepEqual(await recordsOf(groups), together);
          assert.deepEqual(await recordsOf(groups.toReversed()), together);
          assert.deepEqual(await recordsOf(events.map((one) => [one])), together);
        },
      ),
      { numRuns: 30 },
    ),
);

Deno.test(
  "no count is lost or made between quarter hours, days, months and totals",
  sanitize,
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
        const records = await recordsOf([events]);
        const sum = (prefix: string, metric: number) => {
          let total = 0;
          for (const [key, { fields, values }] of records) {
            if (!key.startsWith(`stats ${prefix} `)) continue;
            fields.forEach((field, i) => {
              if (prefix === "t d" && field >= HOURS) return;
              if (field % STRIDE === metric) total += values[i]!;
            });
          }
          return total;
        };
        for (const metric of new Set(events.map(({ field }) => field))) {
          const truth = events.reduce((n, { field, by }) => field === metric ? n + by : n, 0);
          const kinds = metric < COUNTERS_END ? ["q", "d", "m", "t d"] : ["q", "d"];
          for (const kind of kinds) assert.equal(sum(kind, metric), truth, `${kind} ${metric}`);
        }
        let started = 0;
        for (const [key, { fields, values }] of records) {
          if (!key.startsWith("stats t d ")) continue;
          fields.forEach((field, i) => {
            if (field < HOURS) return;
            if ((field - HOURS) % HOUR_STRIDE === HourMetric.conversations) started += values[i]!;
          });
        }
        assert.equal(started, sum("t d", Metric.conversations));
      }),
      { numRuns: 30 },
    ),
);

const counts = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: -9, max: 9 })), { maxLength: 12 })
  .map((pairs) => addCounts(NO_COUNTS, new Map(pairs)));
const merge = (a: Counts, b: Counts) =>
  addCounts(a, new Map(b.fields.map((field, i) => [field, b.values[i]!])));

Deno.test("merging records is associative and commutative, and nothing is its unit", () => {
  fc.assert(fc.property(counts, counts, counts, (a, b, c) => {
    assert.deepEqual(merge(a, b), merge(b, a));
    assert.deepEqual(merge(merge(a, b), c), merge(a, merge(b, c)));
    assert.deepEqual(merge(a, NO_COUNTS), a);
  }));
});
