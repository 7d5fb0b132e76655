import assert from "node:assert/strict";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { Batches } from "./batches.ts";
import { enqueueMany } from "./bulk.ts";
import { complete, defineJob } from "./definition.ts";
import { Flows, step } from "./flows.ts";
import { batchKey } from "./keys.ts";
import { openTestEngine } from "./testing.ts";

const payload = z.object({ n: z.number() });
const quick = { kind: "work", queue: "default", payload, backoff: () => 5 };
const isCode = (code: string) => (error: AppError) => error.code === code;

Deno.test("a key that is unique while queued is free once its job runs", async () => {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const job = defineJob({
    ...quick,
    async perform() {
      started.resolve();
      await go.promise;
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const unique = { key: "k", scope: "queued" as const };
  const first = await t.engine.enqueue(job, { n: 1 }, { unique });
  await started.promise;
  await t.engine.pause("default", "test");
  const second = await t.engine.enqueue(job, { n: 2 }, { unique });
  assert.notEqual(second, first);
  assert.equal(await t.engine.enqueue(job, { n: 3 }, { unique }), second);
  go.resolve();
  await t.engine.whenEnded(first, 60_000);
  assert.equal(await t.engine.enqueue(job, { n: 4 }, { unique }), second, "its end frees nothing");
});

Deno.test("a key that is unique for a period stays taken after its job has ended", async () => {
  const job = defineJob({ ...quick, perform: () => {} });
  await using t = await openTestEngine({ definitions: [job] });
  const unique = { key: "k", scope: { forMs: 60_000 } };
  const first = await t.engine.enqueue(job, { n: 1 }, { unique });
  await t.engine.whenEnded(first, 60_000);
  assert.equal(await t.engine.enqueue(job, { n: 2 }, { unique }), first);
  const brief = { key: "b", scope: { forMs: 1 } };
  const other = await t.engine.enqueue(job, { n: 3 }, { unique: brief });
  await t.engine.whenEnded(other, 60_000);
  await new Promise((resolve) => setTimeout(resolve, 5)); // the period is real time here
  assert.notEqual(await t.engine.enqueue(job, { n: 4 }, { unique: brief }), other);
});

Deno.test("a newer job may replace the one that waits under its key", async () => {
  const done: number[] = [];
  const job = defineJob({ ...quick, perform: ({ payload }) => void done.push(payload.n) });
  await using t = await openTestEngine({ definitions: [job] });
  await t.engine.pause("default", "test");
  const unique = { key: "k", conflict: "replace" as const };
  const old = await t.engine.enqueue(job, { n: 1 }, { unique });
  const latest = await t.engine.enqueue(job, { n: 2 }, { unique });
  assert.equal((await t.engine.get(old))?.state, "cancelled");
  await t.engine.resume("default", "test");
  await t.engine.whenEnded(latest, 60_000);
  assert.deepEqual(done, [2]);
});

Deno.test("an outside call is made once, though the job needs several attempts", async () => {
  let calls = 0;
  const seen: string[] = [];
  const job = defineJob({
    ...quick,
    async perform({ attempt, once }) {
      seen.push(await once("charge", () => `receipt-${++calls}`));
      if (attempt < 3) throw new Error("later step failed");
      return complete(seen);
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.engine.whenEnded(id, 60_000);
  assert.deepEqual((await t.engine.get(id))?.result, ["receipt-1", "receipt-1", "receipt-1"]);
  assert.equal(calls, 1);
  assert.deepEqual(await Array.fromAsync(t.db.kv.list({ prefix: ["jobs", "once"] })), []);
});

Deno.test("thousands are enqueued in order and all run; a bad payload queues none", async () => {
  const done: number[] = [];
  const job = defineJob({ ...quick, perform: ({ payload }) => void done.push(payload.n) });
  await using t = await openTestEngine({ definitions: [job], queues: { default: 1 } });
  const told: number[] = [];
  const payloads = Array.from({ length: 3_000 }, (_, n) => ({ n }));
  const ids = await enqueueMany(t.engine, job, payloads, { onProgress: (n) => told.push(n) });
  assert.equal(new Set(ids).size, 3_000);
  assert.equal(told.at(-1), 3_000);
  await t.drained();
  assert.deepEqual(done, payloads.map(({ n }) => n));
  const bad = [{ n: 1 }, { n: "two" as unknown as number }];
  await assert.rejects(enqueueMany(t.engine, job, bad), isCode("invalid"));
  assert.equal(done.length, 3_000);
});

Deno.test("a batch counts its jobs and is followed by one job, whatever became of them", async () => {
  const followed: string[] = [];
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    perform({ payload }) {
      if (payload.n % 10 === 0) throw new Error("tenth");
    },
  });
  const after = defineJob({
    kind: "after",
    queue: "default",
    payload: z.object({ note: z.string() }),
    perform: ({ payload }) => void followed.push(payload.note),
  });
  await using t = await openTestEngine({ definitions: [job, after] });
  const batches = new Batches(t.engine).register(after);
  const payloads = Array.from({ length: 50 }, (_, n) => ({ n }));
  const ended = t.event((e) => e.type === "job.completed" && e.kind === "after");
  const id = await batches.enqueue(job, payloads, {
    then: { kind: after, payload: { note: "x" } },
  });
  await ended;
  const view = await batches.get(id);
  assert.deepEqual(
    [view?.total, view?.completed, view?.failed, view?.pending],
    [50, 45, 5, 0],
  );
  await Promise.all([batches.finish(id), batches.finish(id), batches.recover()]);
  await t.drained();
  assert.deepEqual(followed, ["x"]);
  assert.equal(await batches.sweep(0), 0);
  assert.equal(await batches.sweep(Infinity), 1);
  assert.equal(await batches.get(id), null);
  batches.close();
});

Deno.test("the engine's own sweep forgets batches behind a thousand that never end, and old flows", async () => {
  const clock = new FakeClock();
  const done = defineJob({ ...quick, perform: () => {} });
  await using t = await openTestEngine({ definitions: [done], clock, start: false });
  const batches = new Batches(t.engine);
  const flows = new Flows(t.engine);
  const endless = Array.from({ length: 1_050 }, (_, n) => batchKey(`!${n}`));
  for (const key of endless) {
    await t.db.kv.set(key, { createdAt: clock.now(), total: 1, sealed: true });
  }
  const over = [];
  for (let n = 0; n < 20; n++) over.push(await batches.enqueue(done, [{ n }]));
  const flow = await flows.enqueue([step("one", done, { n: 1 })]);
  await t.drain();
  await flows.advance(flow);
  const day = 86_400_000;
  const retention = { completedMs: day, cancelledMs: day, failedMs: 30 * day };
  const sweep = () => t.engine.sweep(retention, { limit: 1_000 });
  await sweep();
  assert.ok(await batches.get(over[0]!), "not before they are old");
  clock.advance(31 * day);
  for (let run = 0; run < 3; run++) await sweep();
  for (const id of over) assert.equal(await batches.get(id), null);
  assert.equal(await flows.get(flow), null);
  const left = await Array.fromAsync(t.db.kv.list({ prefix: ["jobs", "batch"] }));
  assert.equal(left.length, endless.length);
  batches.close();
  flows.close();
});

Deno.test("limits of a queue hold at once and after a restart, and say that they hold back", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  let most = 0;
  let now = 0;
  const job = defineJob({
    ...quick,
    async perform() {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
    },
  });
  {
    await using t = await openTestEngine({ definitions: [job], path });
    await t.engine.limit("default", { concurrency: 2 });
    await assert.rejects(t.engine.limit("default", { concurrency: 0 }), isCode("invalid"));
    await assert.rejects(t.engine.limit("nowhere", {}), isCode("not_found"));
  }
  await using t = await openTestEngine({ definitions: [job], path });
  await enqueueMany(t.engine, job, Array.from({ length: 60 }, (_, n) => ({ n })));
  await t.drained();
  assert.equal(most, 2);
  await t.engine.limit("default", { concurrency: 2, ratePerSecond: 0.01 });
  const ids = await enqueueMany(t.engine, job, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  await t.engine.whenEnded(ids[0]!, 60_000);
  const reasons = await t.engine.waitingBecause(ids[2]!);
  const held = reasons.find(({ reason }) => reason === "rate_limited");
  assert.equal(held?.action, "widen", JSON.stringify(reasons));
  assert.deepEqual(held.limits, { concurrency: 2, rate_per_second: 0.02 });
  await t.engine.limit("default", {});
  await t.drained();
});

Deno.test("a job that waits for its retry can be hastened, and a dead letter discarded", async () => {
  let broken = true;
  const job = defineJob({
    ...quick,
    maxAttempts: 2,
    backoff: () => 3_600_000,
    perform() {
      if (broken) throw new Error("down");
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const retrying = t.event((e) => e.type === "job.retrying");
  const id = await t.engine.enqueue(job, { n: 1 });
  await retrying;
  const [why] = await t.engine.waitingBecause(id);
  assert.deepEqual([why?.reason, why?.action], ["backoff", "hasten"]);
  await assert.rejects(t.engine.discard(id), isCode("conflict"));
  await t.engine.hasten(id);
  await t.engine.whenEnded(id, 60_000);
  assert.equal((await t.engine.get(id))?.state, "failed");
  broken = false;
  await t.engine.discard(id);
  assert.equal(await t.engine.get(id), null);
  assert.deepEqual((await t.engine.list({ state: "failed", limit: 5 })).jobs, []);
});
