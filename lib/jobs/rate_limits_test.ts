import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { FakeClock } from "../clock.ts";
import { defineJob } from "./definition.ts";
import { enqueueMany } from "./bulk.ts";
import { nextToken, rateLimited, RateLimits } from "./rate_limits.ts";
import { openTestEngine } from "./testing.ts";

Deno.test("over any time no more is let through than the rate and one burst allow", () => {
  const rates = fc.record({
    ratePerSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
    burst: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(fc.property(rates, fc.array(fc.nat(3_000), { maxLength: 60 }), (rate, pauses) => {
    let stored = 0;
    let now = 1_000_000;
    const taken: number[] = [];
    for (const pause of pauses) {
      now += pause;
      const { at, next } = nextToken(stored, rate, now);
      stored = next;
      assert.ok(at >= now && at >= (taken.at(-1) ?? 0));
      taken.push(at);
    }
    taken.forEach((from, i) =>
      taken.slice(i).forEach((to, j) => {
        const allowed = rate.burst + (to - from) / 1_000 * rate.ratePerSecond;
        assert.ok(j + 1 <= allowed + 1e-6, `${j + 1} in ${to - from} ms`);
      })
    );
  }));
});

Deno.test("each key has its own rate; waiting spends no attempt, and a restart forgets nothing", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const clock = new FakeClock();
  const calls: Record<string, number[]> = {};
  const start = clock.now();
  const job = defineJob({
    kind: "call",
    queue: "calls",
    payload: z.object({ customer: z.string() }),
    maxAttempts: 1,
    perform: ({ payload }) => void (calls[payload.customer] ??= []).push(clock.now() - start),
  });
  const options = { key: (p: { customer: string }) => p.customer, ratePerSecond: 2, burst: 3 };
  const open = async () => {
    const queues = { calls: 10 };
    const t = await openTestEngine({ definitions: [], queues, clock, path, start: false });
    const limits = new RateLimits({ db: t.db, clock });
    const call = rateLimited(job, { limits, ...options });
    t.engine.register(call);
    return { t, call };
  };
  {
    const { t: opened, call } = await open();
    await using t = opened;
    await enqueueMany(t.engine, call, Array.from({ length: 6 }, () => ({ customer: "acme" })));
    await enqueueMany(t.engine, call, [{ customer: "other" }]);
    assert.deepEqual(await t.drain(), { completed: 4, failed: 0, cancelled: 0 });
    const { jobs: waiting } = await t.engine.list({ state: "scheduled", limit: 10 });
    assert.equal(waiting.length, 3);
    for (const job of waiting) {
      assert.deepEqual(await t.engine.waitingBecause(job.id), [{
        reason: "rate_limited",
        detail: "tasks of its key start at most 2 a second",
        until: new Date(job.runAt!).toISOString(),
      }]);
    }
  }
  const { t: opened, call } = await open();
  await using t = opened;
  await enqueueMany(t.engine, call, Array.from({ length: 2 }, () => ({ customer: "acme" })));
  assert.deepEqual(await t.drain({ future: true }), { completed: 5, failed: 0, cancelled: 0 });
  assert.deepEqual(calls, { acme: [0, 0, 0, 500, 1_000, 1_500, 2_000, 2_500], other: [0] });
});

Deno.test("reservations of one key by many at once are all different", async () => {
  const clock = new FakeClock();
  await using t = await openTestEngine({ definitions: [], clock, start: false });
  const many = [1, 2].map(() => new RateLimits({ db: t.db, clock }));
  const rate = { ratePerSecond: 10 };
  const at = await Promise.all(
    Array.from({ length: 40 }, (_, i) => many[i % 2]!.reserve("k", rate)),
  );
  assert.deepEqual(
    at.map((instant) => instant - clock.now()).sort((a, b) => a - b),
    at.map((_, i) => i * 100),
  );
});
