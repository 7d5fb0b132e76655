import assert from "node:assert/strict";
import { QUARTER_MS } from "../periods.ts";
import { bucketsOf, isTimeZone, startOf, wallClocks } from "./calendar.ts";

/** What the wall clock of a zone shows in one quarter hour, by asking the zone each time. */
const wallClock = (quarter: number, zone: string) => {
  const { dayOfWeek, hour } = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_MS)
    .toZonedDateTimeISO(zone);
  return { weekday: dayOfWeek - 1, hour };
};
const hours = (from: number, to: number) => (to - from) / 4;
const iso = (quarter: number) => new Date(quarter * QUARTER_MS).toISOString();

Deno.test("days have 23, 24 and 25 hours where the clock is put on and back", () => {
  const lengths = (from: string, to: string, zone: string) =>
    bucketsOf(from, to, "day", zone).map((day) => hours(day.from, day.to));
  assert.deepEqual(lengths("2026-03-28", "2026-03-30", "Europe/Berlin"), [24, 23, 24]);
  assert.deepEqual(lengths("2026-10-24", "2026-10-26", "Europe/Berlin"), [24, 25, 24]);
  assert.deepEqual(lengths("2026-04-05", "2026-04-05", "Australia/Lord_Howe"), [24.5]);
  assert.deepEqual(lengths("2026-03-28", "2026-03-30", "UTC"), [24, 24, 24]);
  // Samoa left the 30th out when it crossed the date line.
  assert.deepEqual(lengths("2011-12-29", "2011-12-31", "Pacific/Apia"), [24, 24]);
});

Deno.test("hours follow the wall clock: one is missing in spring, one is there twice in autumn", () => {
  const locals = (day: string) =>
    bucketsOf(day, day, "hour", "Europe/Berlin").map((hour) => hour.local.slice(11));
  const spring = locals("2026-03-29");
  assert.equal(spring.length, 23);
  assert.deepEqual(spring.slice(1, 4), ["01:00+01:00", "03:00+02:00", "04:00+02:00"]);
  const autumn = locals("2026-10-25");
  assert.equal(autumn.length, 25);
  assert.deepEqual(autumn.slice(2, 5), ["02:00+02:00", "02:00+01:00", "03:00+01:00"]);
});

Deno.test("where the clock jumps within an hour, no row has two hours in it", () => {
  const cases = [
    ["Australia/Lord_Howe", "2025-10-05", "01:00+10:30 02:30+11:00 03:00+11:00"],
    ["Australia/Lord_Howe", "2026-04-05", "01:00+11:00 02:00+10:30 03:00+10:30"],
    ["Pacific/Chatham", "2025-04-06", "03:00+13:45 02:45+12:45 03:00+12:45"],
    ["Pacific/Chatham", "2025-09-28", "02:00+12:45 03:45+13:45 04:00+13:45"],
  ] as const;
  for (const [zone, day, expected] of cases) {
    const buckets = bucketsOf(day, day, "hour", zone);
    const locals = buckets.map((hour) => hour.local.slice(11)).join(" ");
    assert.ok(locals.includes(expected), `${zone} ${day}: ${locals}`);
    for (const { from, to } of buckets) {
      assert.deepEqual(wallClock(from, zone), wallClock(to - 1, zone), iso(from));
    }
  }
});

Deno.test("buckets follow each other without a gap and start at local midnight", () => {
  for (const zone of ["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Europe/Berlin"]) {
    for (const granularity of ["hour", "day", "week", "month"] as const) {
      const buckets = bucketsOf("2026-01-15", "2026-12-02", granularity, zone);
      buckets.forEach((bucket, i) => {
        assert.ok(bucket.to > bucket.from);
        if (i > 0) assert.equal(bucket.from, buckets[i - 1]!.to, `${zone} ${granularity}`);
        if (granularity !== "hour") assert.match(bucket.local, /T00:00/);
      });
    }
  }
  const [first, ...rest] = bucketsOf("2026-03-11", "2026-04-02", "month", "Asia/Kathmandu");
  assert.equal(iso(first!.from), "2026-02-28T18:15:00.000Z");
  assert.equal(rest.length, 1);
  assert.equal(startOf("week", "2026-03-01"), "2026-02-23");
});

Deno.test("a zone is known by its name; the wall clock is the zone's", () => {
  assert.equal(isTimeZone("Europe/Berlin"), true);
  assert.equal(isTimeZone("Mars/Olympus"), false);
  assert.equal(isTimeZone(""), false);
  for (const offset of ["+05:45", "-0330", "+14"]) assert.equal(isTimeZone(offset), true, offset);
  for (const odd of ["+05:43", "-0001", "+05:45:00", "+25:00"]) {
    assert.equal(isTimeZone(odd), false, odd);
  }
});

Deno.test("the wall clock of a span is that of each of its quarter hours", () => {
  const quarter = (at: string) => Date.parse(at) / QUARTER_MS;
  for (
    const [zone, from] of [
      ["Europe/Berlin", "2026-03-28T20:15:00Z"],
      ["Europe/Berlin", "2026-10-24T20:00:00Z"],
      ["Australia/Lord_Howe", "2026-04-04T06:00:00Z"],
      ["Asia/Kathmandu", "1985-12-31T10:00:00Z"],
      ["America/St_Johns", "1969-10-25T12:00:00Z"],
      ["Pacific/Apia", "2011-12-30T02:00:00Z"],
      ["UTC", "2026-03-01T00:00:00Z"],
    ] as const
  ) {
    const [start, end] = [quarter(from), quarter(from) + 3 * 96];
    const each = Array.from({ length: end - start }, (_, i) => wallClock(start + i, zone));
    assert.deepEqual(wallClocks(start, end, zone), each, zone);
  }
  assert.deepEqual(wallClocks(10, 10, "UTC"), []);
  const monday = quarter("2026-03-01T23:15:00Z");
  assert.deepEqual(wallClocks(monday, monday + 1, "Europe/Berlin"), [{ weekday: 0, hour: 0 }]);
  assert.deepEqual(wallClocks(monday, monday + 1, "UTC"), [{ weekday: 6, hour: 23 }]);
});
