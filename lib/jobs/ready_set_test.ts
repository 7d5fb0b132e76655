import assert from "node:assert/strict";
import fc from "fast-check";
import { formatJobId } from "./job_id.ts";
import { type ReadyJob, ReadySet } from "./ready_set.ts";

function ready(priority: number, suffix: string, queuedAt = 0): ReadyJob {
  const address = { queue: "q", shard: 0, priority, suffix };
  return {
    id: formatJobId(address),
    address,
    record: { kind: "k", payload: 0, state: "available", queuedAt, attempt: 0, maxAttempts: 1 },
  };
}

Deno.test("jobs come out by priority, then by turn", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.record({ p: fc.nat(9), s: fc.nat(10_000) }), {
      selector: ({ p, s }) => `${p}/${s}`,
    }),
    (jobs) => {
      const set = new ReadySet();
      for (const { p, s } of jobs) set.push(ready(p, String(s).padStart(6, "0")));
      assert.equal(set.size, jobs.length);
      const out: number[] = [];
      for (let job = set.pop(0); job; job = set.pop(0)) {
        out.push(job.address.priority * 1e6 + Number(job.address.suffix));
      }
      assert.deepEqual(out, jobs.map(({ p, s }) => p * 1e6 + s).sort((a, b) => a - b));
    },
  ));
});

Deno.test("any job can be taken out, and the rest keeps its order", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.nat(500), { minLength: 1 }),
    fc.nat(),
    (turns, pick) => {
      const set = new ReadySet();
      const jobs = turns.map((turn) => ready(3, String(turn).padStart(6, "0")));
      for (const job of jobs) set.push(job);
      const taken = jobs[pick % jobs.length]!;
      assert.equal(set.remove(taken.id, 3), taken);
      assert.equal(set.remove(taken.id, 3), undefined);
      const rest = [];
      for (let job = set.pop(0); job; job = set.pop(0)) rest.push(job.address.suffix);
      const expected = jobs.filter((job) => job !== taken).map((job) => job.address.suffix).sort();
      assert.deepEqual(rest, expected);
    },
  ));
});

Deno.test("a flood of high priority cannot starve low: its wait is bounded", () => {
  const set = new ReadySet();
  const low = ready(9, "000000", 0);
  set.push(low);
  const now = 20_000;
  let picks = 0;
  for (;;) {
    set.push(ready(0, String(1 + picks).padStart(6, "0"), now));
    picks++;
    if (set.pop(now) === low) break;
    assert.ok(picks < 9, "the low one waited for more than eight others");
  }
});

Deno.test("before it is aged, low waits for high", () => {
  const set = new ReadySet();
  set.push(ready(9, "000000", 0));
  for (let i = 0; i < 50; i++) set.push(ready(0, String(i).padStart(6, "0"), 0));
  for (let i = 0; i < 50; i++) assert.equal(set.pop(5_000)?.address.priority, 0);
  assert.equal(set.pop(5_000)?.address.priority, 9);
});
