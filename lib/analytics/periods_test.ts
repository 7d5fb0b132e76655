import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dateText,
  DAY_MS,
  dayInstant,
  dayOf,
  dayOfDate,
  endDay,
  firstDay,
  periodOf,
} from "./periods.ts";

const someDay = fc.integer({ min: dayOfDate("0000-01-01"), max: dayOfDate("9999-12-31") });

Deno.test("a day lies in its week and month, which start on a Monday and on the first", () => {
  fc.assert(fc.property(someDay, (day) => {
    const week = periodOf("week", day);
    assert.ok(firstDay("week", week) <= day && day < endDay("week", week));
    assert.equal(new Date(firstDay("week", week) * DAY_MS).getUTCDay(), 1);
    const month = periodOf("month", day);
    assert.equal(dateText(firstDay("month", month)), dateText(day).slice(0, 7) + "-01");
    assert.ok(firstDay("month", month) <= day && day < endDay("month", month));
  }));
});

Deno.test("the periods around turns of year and leap days", () => {
  const month = (date: string) => periodOf("month", dayOfDate(date));
  assert.equal(month("2026-01-31") - month("2025-12-01"), 1);
  assert.equal(endDay("month", month("2024-02-10")) - firstDay("month", month("2024-02-10")), 29);
  assert.equal(endDay("month", month("1900-02-10")) - firstDay("month", month("1900-02-10")), 28);
  assert.equal(dateText(firstDay("week", periodOf("week", dayOfDate("2026-01-01")))), "2025-12-29");
  assert.equal(dayInstant(dayOf(-1)), "1969-12-31T00:00:00.000Z");
  assert.throws(() => dayOfDate("2026-02-xx"), RangeError);
});
