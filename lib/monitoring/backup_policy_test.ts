import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_POLICY, keptBackups } from "./backup_policy.ts";

const DAY = 86_400_000;
const at = (text: string) => Date.parse(text);

Deno.test("of daily backups 7 days stay, and the newest of each of 4 weeks", () => {
  const last = at("2026-03-18T06:00:00Z"); // a Wednesday
  const all = Array.from({ length: 60 }, (_, i) => last - i * DAY);
  const kept = [...keptBackups(all, DEFAULT_POLICY)].sort((a, b) => b - a)
    .map((instant) => new Date(instant).toISOString().slice(0, 10));
  assert.deepEqual(kept, [
    ...["2026-03-18", "2026-03-17", "2026-03-16"],
    ...["2026-03-15", "2026-03-14", "2026-03-13", "2026-03-12"],
    ...["2026-03-08", "2026-03-01"],
  ]);
});

Deno.test("several backups of one day leave its newest", () => {
  const day = [at("2026-03-18T06:00:00Z"), at("2026-03-18T09:00:00Z"), at("2026-03-18T07:00:00Z")];
  assert.deepEqual([...keptBackups(day, DEFAULT_POLICY)], [day[1]]);
});

Deno.test("never more than the policy allows, never without the newest, and twice is as once", () => {
  const instants = fc.array(fc.integer({ min: 0, max: 400 * DAY }), { minLength: 1 });
  const policy = fc.record({ daily: fc.nat(10), weekly: fc.nat(10) });
  fc.assert(fc.property(instants, policy, (all, policy) => {
    const kept = keptBackups(all, policy);
    assert.ok(kept.size <= Math.max(1, policy.daily + policy.weekly));
    assert.ok(kept.has(Math.max(...all)));
    for (const instant of kept) assert.ok(all.includes(instant));
    assert.deepEqual(keptBackups([...kept], policy), kept);
  }));
});
