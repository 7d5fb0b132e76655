import assert from "node:assert/strict";
import fc from "fast-check";
import { dayOf, isDay, mondaysOf, periodOf } from "./periods.ts";

const DAY_MS = 86_400_000;

Deno.test("weeks begin on Monday, months on the first", () => {
  assert.deepEqual(periodOf("weekly", "2026-03-01"), {
    start: "2026-02-23",
    last: "2026-03-01",
    before: "2026-02-16",
    after: "2026-03-02",
    title: "Week from Monday, 23 February 2026",
  });
  assert.deepEqual(periodOf("monthly", "2028-02-29"), {
    start: "2028-02-01",
    last: "2028-02-29",
    before: "2028-01-01",
    after: "2028-03-01",
    title: "February 2028",
  });
  assert.equal(periodOf("daily", "2025-12-31").after, "2026-01-01");
});

Deno.test("every day lies in its period, and the neighbours touch it", () => {
  const days = fc.integer({ min: 11_000, max: 60_000 }).map((n) => dayOf(n * DAY_MS));
  const types = fc.constantFrom("daily" as const, "weekly" as const, "monthly" as const);
  fc.assert(fc.property(types, days, (type, day) => {
    const period = periodOf(type, day);
    assert.ok(period.start <= day && day <= period.last);
    assert.equal(periodOf(type, period.after).start, period.after);
    assert.equal(dayOf(Date.parse(period.last) + DAY_MS), period.after);
    assert.equal(dayOf(Date.parse(periodOf(type, period.before).last) + DAY_MS), period.start);
  }));
});

Deno.test("a month's weeks reach no further than today", () => {
  const march = periodOf("monthly", "2026-03-01");
  assert.deepEqual(mondaysOf(march, "2026-03-10"), ["2026-02-23", "2026-03-02", "2026-03-09"]);
  assert.equal(mondaysOf(march, "2027-01-01").at(-1), "2026-03-30");
});

Deno.test("only real days count as days", () => {
  assert.deepEqual(["2026-02-28", "2028-02-29"].map(isDay), [true, true]);
  for (const text of ["2026-02-29", "2026-13-01", "26-01-01", "", "2026-1-1", "x", "3026-01-01"]) {
    assert.equal(isDay(text), false, text);
  }
});
