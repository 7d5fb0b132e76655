import assert from "node:assert/strict";
import {
  ago,
  count,
  duration,
  exact,
  growth,
  longDay,
  percent,
  shortDay,
  shortId,
} from "./format.ts";

Deno.test("durations take the two units that matter", () => {
  const spoken: [number | null, string][] = [
    [null, "–"],
    [0, "0 ms"],
    [99.4, "99 ms"],
    [400, "0.4 s"],
    [9_949, "9.9 s"],
    [9_960, "10 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [185_000, "3 min 5 s"],
    [7_500_000, "2 h 5 min"],
    [86_400_000 * 3 + 7_200_000, "3 d 2 h"],
  ];
  for (const [ms, text] of spoken) assert.equal(duration(ms), text, String(ms));
});

Deno.test("moments are told from now, in both directions", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  assert.equal(ago(now - 900, now), "just now");
  assert.equal(ago(now - 12_000, now), "12 s ago");
  assert.equal(ago(now - 3 * 60_000, now), "3 min ago");
  assert.equal(ago(now - 5 * 3_600_000, now), "5 h ago");
  assert.equal(ago(now - 3 * 86_400_000, now), "3 d ago");
  assert.equal(ago(now + 45_000, now), "in 45 s");
  assert.equal(exact(now), "2026-03-10 12:00:00 UTC");
});

Deno.test("figures without a value are a dash, never a zero", () => {
  assert.deepEqual([count(null), percent(null), growth(undefined)], ["–", "–", "–"]);
  assert.deepEqual([count(12_400), percent(61.25), growth(-1.84), growth(0)], [
    "12,400",
    "61.3%",
    "−1.8%",
    "0%",
  ]);
});

Deno.test("days and ids are short where space is", () => {
  assert.equal(shortDay("2026-03-02"), "Mon 2 Mar");
  assert.equal(longDay("2026-03-02"), "Monday, 2 March 2026");
  assert.equal(shortId("01JNZQ90000K7VBRD4M"), "01JNZQ…RD4M");
  assert.equal(shortId("t-run-1"), "t-run-1");
});
