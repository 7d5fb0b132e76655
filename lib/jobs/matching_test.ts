import assert from "node:assert/strict";
import { z } from "zod";
import type { AppError } from "../errors.ts";
import { defineJob } from "./definition.ts";
import { actOnMatching, countMatching } from "./matching.ts";
import { openTestEngine } from "./testing.ts";

const payload = z.object({ n: z.number() });

Deno.test("what a selection matches is counted, cancelled, retried and discarded", async () => {
  let broken = true;
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload,
    maxAttempts: 1,
    perform() {
      if (broken) throw new Error("broken");
    },
  });
  const other = defineJob({ ...job, kind: "other" });
  await using t = await openTestEngine({ definitions: [job, other] });
  const by = { by: "ops", limit: 1_000 };
  await t.engine.pause("default", "test");
  for (let n = 0; n < 450; n++) await t.engine.enqueue(n % 3 === 0 ? other : job, { n });
  await t.engine.enqueue(job, { n: 9_999 }, { runAt: Date.now() + 3_600_000 });

  const mine = { kind: "work" };
  assert.deepEqual(await countMatching(t.engine, mine, "cancel"), { count: 301, capped: false });
  assert.deepEqual(await countMatching(t.engine, { ...mine, text: '"n":44' }, "cancel"), {
    count: 8, // 44, 440, 442, 443, 445, 446, 448, 449: those of 44… that no 3 divides
    capped: false,
  });
  assert.deepEqual(await actOnMatching(t.engine, mine, "cancel", by), { done: 301, failed: 0 });
  assert.equal((await countMatching(t.engine, mine, "cancel")).count, 0);

  await t.engine.resume("default", "test");
  await t.drained();
  assert.equal((await countMatching(t.engine, { kind: "other" }, "retry")).count, 150);
  broken = false;
  const told: number[] = [];
  const progress = (done: number) => told.push(done);
  const retried = await actOnMatching(t.engine, { kind: "other" }, "retry", { ...by, progress });
  assert.deepEqual(retried, { done: 150, failed: 0 });
  assert.deepEqual(told, [50, 100, 150]);
  await t.drained();
  assert.equal(
    (await t.engine.list({ kind: "other", state: "completed", limit: 200 })).jobs.length,
    150,
  );
  assert.deepEqual(await actOnMatching(t.engine, mine, "discard", { ...by, limit: 100 }), {
    done: 100,
    failed: 0,
  });
  assert.equal((await countMatching(t.engine, mine, "discard")).count, 201);
  await assert.rejects(
    countMatching(t.engine, { state: "completed" }, "discard"),
    (e: AppError) => e.code === "invalid",
  );
});

Deno.test("acting may be slowed down, and stopped by a signal", async () => {
  const job = defineJob({ kind: "work", queue: "default", payload, perform() {} });
  await using t = await openTestEngine({ definitions: [job] });
  await t.engine.pause("default", "test");
  for (let n = 0; n < 20; n++) await t.engine.enqueue(job, { n });
  const started = performance.now();
  const limit = { by: "ops", limit: 5 };
  await actOnMatching(t.engine, {}, "cancel", { ...limit, ratePerSecond: 100 });
  assert.ok(performance.now() - started >= 45);
  const signal = AbortSignal.abort();
  await assert.rejects(actOnMatching(t.engine, {}, "cancel", { ...limit, signal }));
  assert.equal((await countMatching(t.engine, {}, "cancel")).count, 15);
});
