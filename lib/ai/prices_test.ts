import assert from "node:assert/strict";
import { priceTable } from "../config/prices.ts";
import { costMicros } from "./prices.ts";

const tokens = { prompt: 100, completion: 10, total: 110, estimated: false };
const at = (day: string) => Date.parse(`${day}T00:00:00Z`);
const table = priceTable.parse({
  gpt: [
    { from: "2026-07-01", input: 1, output: 5 },
    { input: 2, output: 10 },
    { from: "2026-09-01T12:00:00+02:00", input: 0.5, output: 0 },
  ],
  late: [{ from: "2026-07-01", input: 1, output: 1 }],
  "*": { input: 3, output: 3 },
});

Deno.test("a call costs what holds at its time, to the millisecond", () => {
  const cost = (instant: number) => costMicros(table, "gpt", tokens, instant);
  assert.equal(cost(at("2020-01-01")), 300);
  assert.equal(cost(at("2026-07-01") - 1), 300);
  assert.equal(cost(at("2026-07-01")), 150);
  assert.equal(cost(Date.parse("2026-09-01T09:59:59.999Z")), 150);
  assert.equal(cost(Date.parse("2026-09-01T10:00:00Z")), 50);
});

Deno.test("a named model is never priced by the star, and before its first price nothing is known", () => {
  assert.equal(costMicros(table, "late", tokens, at("2026-06-30")), undefined);
  assert.equal(costMicros(table, "late", tokens, at("2026-07-02")), 110);
  assert.equal(costMicros(table, "other", tokens, at("2026-06-30")), 330);
  assert.equal(costMicros(table, "constructor", tokens, 0), 330);
  assert.equal(costMicros(table, "gpt", undefined, 0), undefined);
});

Deno.test("prices that contradict each other are refused", () => {
  for (
    const bad of [
      { gpt: [] },
      { gpt: [{ input: 1, output: 1 }, { input: 2, output: 2 }] },
      { gpt: [{ from: "2026-13-01", input: 1, output: 1 }] },
      { gpt: [{ from: "soon", input: 1, output: 1 }] },
      { gpt: { input: -1, output: 1 } },
    ]
  ) assert.equal(priceTable.safeParse(bad).success, false, JSON.stringify(bad));
});
