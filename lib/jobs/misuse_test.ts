/** What a user of the engine may do wrong, and what must not come of it. */
import assert from "node:assert/strict";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type LogFields, silentLogger } from "../log.ts";
import { Batches } from "./batches.ts";
import { cancel, complete, defineJob, type JobDefinition, snooze } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import type { EnqueueOptions } from "./enqueue_options.ts";
import { Flows, step } from "./flows.ts";
import { batchesPrefix, batchKey, oncePrefix } from "./keys.ts";
import { actOnMatching } from "./matching.ts";
import { recount } from "./recount.ts";
import { FakeClock, openTestEngine } from "./testing.ts";
import { WorkerPool } from "./worker_pool.ts";

const payload = z.object({ n: z.number() });
const quick = { kind: "work", queue: "default", payload, backoff: () => 5 };
const idle = defineJob({ ...quick, perform: () => {} });
const isCode = (code: string) => (error: AppError) => error.code === code;

Deno.test("options that cannot work are refused by their name, and change nothing", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const long = "k".repeat(1_001);
  const wrong: [string, EnqueueOptions][] = [
    ...[-1, 10, 1.5, NaN].map((priority): [string, EnqueueOptions] => ["priority", { priority }]),
    ...[NaN, Infinity, 1e300].map((runAt): [string, EnqueueOptions] => ["runAt", { runAt }]),
    ...[0, -1, NaN, Infinity, 2.5].map((maxAttempts): [string, EnqueueOptions] => [
      "maxAttempts",
      { maxAttempts },
    ]),
    ...[0, -1, NaN].map((timeoutMs): [string, EnqueueOptions] => ["timeoutMs", { timeoutMs }]),
    ["fairKey", { fairKey: long }],
    ["uniqueKey", { uniqueKey: "é".repeat(501) }],
    ["unique.key", { unique: { key: "half \ud83d" } }],
    ...[0, -1, NaN, Infinity].map((forMs): [string, EnqueueOptions] => [
      "unique.scope",
      { unique: { key: "k", scope: { forMs } } },
    ]),
    ["unique.scope", { unique: { key: "k", scope: "ever" as "queued" } }],
  ];
  for (const [path, options] of wrong) {
    await assert.rejects(
      t.engine.enqueue(idle, { n: 1 }, options),
      (e: AppError) => e.code === "invalid" && e.issues[0]?.path === path,
      `${path}: ${Deno.inspect(options)}`,
    );
  }
  assert.deepEqual((await t.engine.list({ limit: 10 })).jobs, []);
  for (const key of ["", "k".repeat(1_000), "é/:\0 𝄞", "__proto__"]) {
    const id = await t.engine.enqueue(idle, { n: 1 }, { fairKey: key, unique: { key } });
    assert.equal(await t.engine.whenEnded(id, 60_000), true);
  }
});

Deno.test("queues, kinds and pools that cannot work are refused where they are made", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const { db, clock, log } = t.engine.options;
  const open = (queues: Record<string, number>, leaseMs?: number) => () =>
    new JobEngine({ db, clock, log, queues, worker: "w", leaseMs });
  for (const n of [0, -1, NaN, Infinity, 1.5]) {
    assert.throws(open({ default: n }), RangeError, `${n}`);
    assert.throws(() => new WorkerPool({ module: new URL("file:///none"), size: n }), RangeError);
    assert.throws(() => defineJob({ ...idle, maxAttempts: n }), RangeError, `${n}`);
  }
  assert.throws(open({ "Not a name": 1 }), RangeError);
  assert.throws(open({ default: 1 }, NaN), RangeError);
  const act = (limit: number) => actOnMatching(t.engine, {}, "cancel", { limit, by: "test" });
  await assert.rejects(act(NaN), isCode("invalid"));
});

Deno.test("a unique key is not passed over by adding the job to an atomic", async () => {
  await using t = await openTestEngine({ definitions: [idle], start: false });
  const options: EnqueueOptions = { uniqueKey: "k" };
  assert.throws(
    () => t.engine.prepare(new WriteSet(), idle, { n: 1 }, options),
    isCode("invalid"),
  );
});

Deno.test("a payload that cannot be stored is refused", async () => {
  const job = defineJob({ ...quick, payload: z.any(), perform: () => {} });
  await using t = await openTestEngine({ definitions: [job], start: false });
  const circle: unknown[] = [];
  circle.push(circle);
  for (
    const odd of [
      1n,
      circle,
      new (class {
        run() {}
        fn = () => {};
      })(),
    ]
  ) {
    await assert.rejects(t.engine.enqueue(job, odd), isCode("invalid"));
  }
});

Deno.test("a job is performed with what it was queued with, whoever changes the payload", async () => {
  const seen: string[] = [];
  const job = defineJob({
    ...quick,
    payload: z.object({ list: z.any() }),
    perform({ payload, attempt }) {
      seen.push(payload.list.join());
      payload.list.push("by the handler");
      if (attempt === 1) throw new Error("again");
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  await t.engine.pause("default", "test");
  const given = { list: ["a"] };
  const id = await t.engine.enqueue(job, given);
  given.list.push("by its maker");
  await t.engine.resume("default", "test");
  await t.engine.whenEnded(id, 60_000);
  assert.deepEqual(seen, ["a", "a"]);
  assert.deepEqual((await t.engine.get(id))?.payload, { list: ["a"] });
});

Deno.test("an outcome that is too large is stored with less, and the job runs once", async () => {
  let runs = 0;
  const large = "x".repeat(48 * 1024 - 20);
  const common = { ...quick, payload: z.object({ s: z.string() }), maxAttempts: 6 };
  const make = (kind: string, perform: JobDefinition<{ s: string }>["perform"]) =>
    defineJob({ ...common, kind, perform: (job) => (runs++, perform(job)) });
  const results = make("results", () => complete("字".repeat(8_190)));
  const reasons = make("reasons", () => cancel("字".repeat(100_000)));
  const errors = make("errors", ({ attempt }) => {
    if (attempt < 6) throw new Error("\u0001字".repeat(5_000));
    return complete("字".repeat(8_190));
  });
  await using t = await openTestEngine({ definitions: [results, reasons, errors] });
  const end = async (job: typeof results) => {
    runs = 0;
    const id = await t.engine.enqueue(job, { s: large });
    assert.equal(await t.engine.whenEnded(id, 60_000), true, job.kind);
    return (await t.engine.get(id))!;
  };
  const { state, result, payload } = await end(results);
  assert.deepEqual([state, runs, payload], ["completed", 1, { s: large }]);
  assert.match(JSON.stringify(result), /does not fit/);
  const cancelled = await end(reasons);
  assert.deepEqual([cancelled.state, runs], ["cancelled", 1]);
  assert.ok(cancelled.reason!.length <= 1_001);
  const late = await end(errors);
  assert.deepEqual([late.state, runs], ["completed", 6]);
  assert.ok(late.errors!.length > 0);
  await t.engine.pause("default", "test");
  const waiting = await t.engine.enqueue(results, { s: large });
  await t.engine.cancel(waiting, "字".repeat(100_000));
  assert.equal((await t.engine.get(waiting))?.state, "cancelled");
});

Deno.test("a key taken for a period goes to a newer job while its own waits, and no longer", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const unique = { key: "k", scope: { forMs: 60_000 }, conflict: "replace" as const };
  const later = { runAt: Date.now() + 60_000, unique };
  const first = await t.engine.enqueue(idle, { n: 1 }, later);
  const second = await t.engine.enqueue(idle, { n: 2 }, { unique });
  assert.notEqual(second, first);
  assert.equal((await t.engine.get(first))?.state, "cancelled");
  await t.engine.whenEnded(second, 60_000);
  assert.equal(await t.engine.enqueue(idle, { n: 3 }, { unique }), second, "it has run");
});

Deno.test("a running job is not replaced: the newer one is not queued", async () => {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const job = defineJob({
    ...quick,
    perform: () => (started.resolve(), go.promise),
  });
  await using t = await openTestEngine({ definitions: [job] });
  const unique = { key: "k", conflict: "replace" as const };
  const first = await t.engine.enqueue(job, { n: 1 }, { unique });
  await started.promise;
  assert.equal(await t.engine.enqueue(job, { n: 2 }, { unique }), first);
  go.resolve();
  await t.engine.whenEnded(first, 60_000);
  assert.equal((await t.engine.get(first))?.state, "completed");
});

Deno.test("hundreds of enqueues of one key make one job", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  await t.engine.pause("default", "test");
  const first = await t.engine.enqueue(idle, { n: 0 }, { uniqueKey: "k" });
  const ids = await Promise.all(
    Array.from({ length: 500 }, (_, n) => t.engine.enqueue(idle, { n }, { uniqueKey: "k" })),
  );
  assert.deepEqual(new Set(ids), new Set([first]));
  assert.deepEqual((await recount(t.db.kv)).differences, []);
});

Deno.test("two that ask for one outside call at the same time share it", async () => {
  let calls = 0;
  const job = defineJob({
    ...quick,
    async perform({ once }) {
      const call = () => new Promise((resolve) => setTimeout(() => resolve(++calls), 1));
      return complete(await Promise.all([once("a", call), once("a", call)]));
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.engine.whenEnded(id, 60_000);
  assert.deepEqual((await t.engine.get(id))?.result, [1, 1]);
});

Deno.test("nothing that a job remembered outlives it", async () => {
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    async perform({ once, payload }) {
      await once("call", () => 1);
      if (payload.n === 1) throw new Error("for good");
      return cancel("on purpose");
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const ids = [await t.engine.enqueue(job, { n: 1 }), await t.engine.enqueue(job, { n: 2 })];
  for (const id of ids) await t.engine.whenEnded(id, 60_000);
  const left = () => Array.fromAsync(t.db.kv.list({ prefix: oncePrefix("").slice(0, 2) }));
  assert.equal((await left()).length, 2, "a retry goes on with it");
  await t.engine.discard(ids[0]!);
  await t.engine.sweep({ completedMs: 0, cancelledMs: 0, failedMs: 0 }, { limit: 10 });
  assert.deepEqual(await left(), []);
});

Deno.test("a bad payload of a batch, or of what follows it, leaves nothing of the batch", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const batches = new Batches(t.engine).register(idle);
  const bad = { n: "two" as unknown as number };
  await assert.rejects(batches.enqueue(idle, [{ n: 1 }, bad]), isCode("invalid"));
  const then = { kind: idle, payload: bad };
  await assert.rejects(batches.enqueue(idle, [{ n: 1 }], { then }), isCode("invalid"));
  assert.deepEqual(await Array.fromAsync(t.db.kv.list({ prefix: batchesPrefix })), []);
  assert.deepEqual((await t.engine.list({ limit: 10 })).jobs, []);
  batches.close();
});

Deno.test("a batch of no jobs is followed at once", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const batches = new Batches(t.engine).register(idle);
  const then = { kind: idle, payload: { n: 1 } };
  const id = await batches.enqueue(idle, [], { then });
  const { thenId } = (await batches.get(id))!;
  assert.equal(await t.engine.whenEnded(thenId!, 60_000), true);
  batches.close();
});

Deno.test("a batch whose process died while it queued it is forgotten in the end", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  const batches = new Batches(t.engine);
  const createdAt = Date.now();
  await t.db.kv.set(batchKey("half"), { createdAt, total: 10, sealed: false });
  assert.equal(await batches.sweep(createdAt + 1_000), 0, "it may be being queued");
  assert.equal(await batches.sweep(createdAt + 86_400_001), 1);
  batches.close();
});

Deno.test("a listener or a message that is wrong harms neither job nor process, and is told once", async () => {
  const job = defineJob({
    ...quick,
    perform: ({ progress }) => progress(NaN, 7 as unknown as string),
  });
  const told: unknown[] = [];
  const error = (_: string, fields?: LogFields) => void told.push(fields?.error);
  await using t = await openTestEngine({ definitions: [job], log: { ...silentLogger, error } });
  const [now, later] = [new Error("a listener fails"), new Error("a listener fails later")];
  t.engine.events.subscribe(() => {
    throw now;
  });
  t.engine.events.subscribe(() => Promise.reject(later));
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.engine.whenEnded(id, 60_000);
  assert.equal((await t.engine.get(id))?.state, "completed");
  assert.deepEqual(told, [now, later]);
});

Deno.test("closing in the midst of enqueueing: what was confirmed is there, the rest is refused", async () => {
  const dir = await Deno.makeTempDir();
  const path = dir + "/kv.sqlite";
  const first = await openTestEngine({ definitions: [idle], path });
  const enqueues: Promise<string>[] = [];
  const queue = () => enqueues.push(first.engine.enqueue(idle, { n: enqueues.length }));
  for (let n = 0; n < 100; n++) queue();
  const end = first.engine.events.subscribe(() => enqueues.length < 300 && queue());
  const closed = first[Symbol.asyncDispose]();
  queue();
  await closed;
  end();
  const settled = await Promise.allSettled(enqueues);
  const confirmed = settled.filter((one) => one.status === "fulfilled").map(({ value }) => value);
  assert.ok(confirmed.length >= 100);
  {
    await using t = await openTestEngine({ definitions: [idle], path });
    for (const id of confirmed) assert.equal(await t.engine.whenEnded(id, 60_000), true);
    assert.deepEqual((await recount(t.db.kv)).differences, []);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a job whose settle throws waits longer each time, is told once and ends when it can", async () => {
  const clock = new FakeClock();
  const settledAt: number[] = [];
  const errors: unknown[] = [];
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    perform() {
      throw new Error("broken");
    },
    settle() {
      if (settledAt.push(clock.now()) <= 40) throw new Error("no room");
    },
  });
  const log = { ...silentLogger, error: (...said: unknown[]) => void errors.push(said) };
  await using t = await openTestEngine({ definitions: [job], clock, log });
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.event((event) => event.type === "job.retrying");
  const [why] = await t.engine.waitingBecause(id);
  assert.match(why!.detail, /^attempt 1 of 1 .*could not be settled: no room$/);
  assert.equal((await t.drain({ future: true })).failed, 1);
  const waits = settledAt.slice(1).map((at, i) => at - settledAt[i]!);
  assert.equal(waits.length, 40);
  for (const [i, wait] of waits.entries()) {
    assert.ok(wait <= Math.min(15 * 60_000, 1_000 * 2 ** i), `wait ${i} was ${wait} ms`);
  }
  assert.ok(Math.max(...waits) > 60_000);
  assert.equal(errors.length, 1);
  const { state, attempt, unsettled, errors: kept } = (await t.engine.get(id))!;
  assert.deepEqual([state, attempt, unsettled], ["failed", 1, undefined]);
  assert.deepEqual(kept?.map(({ code }) => code), ["unsettled", undefined]);
  assert.deepEqual((await recount(t.db.kv)).differences, []);
});

Deno.test("a running job is not cancelled when its settle throws, and who asked is told", async () => {
  let broken = true;
  const started = Promise.withResolvers<void>();
  const job = defineJob({
    ...quick,
    async perform({ signal }) {
      started.resolve();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject()));
    },
    settle() {
      if (broken) throw new Error("no room");
    },
  });
  await using t = await openTestEngine({ definitions: [job], clock: new FakeClock() });
  const id = await t.engine.enqueue(job, { n: 1 });
  await started.promise;
  await assert.rejects(t.engine.cancel(id, "not needed"), /no room/);
  assert.notEqual((await t.engine.get(id))?.state, "cancelled");
  broken = false;
  await t.engine.cancel(id, "not needed");
  assert.equal((await t.engine.get(id))?.state, "cancelled");
});

Deno.test("a handler that goes on after its job was cancelled is not heard any more", async () => {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const job = defineJob({
    ...quick,
    async perform({ progress }) {
      progress(10);
      started.resolve();
      await go.promise;
      progress(90, "still here");
      over.resolve();
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const told: string[] = [];
  t.engine.events.subscribe((event) => told.push(event.type));
  const id = await t.engine.enqueue(job, { n: 1 });
  await started.promise;
  await t.engine.cancel(id, "not needed");
  go.resolve();
  await over.promise;
  assert.deepEqual(told.slice(-2), ["job.progress", "job.cancelled"]);
});

Deno.test("a handler that gives back what cannot be looked at has failed", async () => {
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    perform() {
      return {
        get then() {
          throw new Error("not to be looked at");
        },
      } as never;
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
  assert.match((await t.engine.get(id))!.errors![0]!.message, /not to be looked at/);
});

Deno.test("a job that always runs again at once can be cancelled", async () => {
  const again = Promise.withResolvers<void>();
  let runs = 0;
  const other = { ...idle, kind: "other" };
  const job = defineJob({
    ...quick,
    perform() {
      if (++runs === 3) again.resolve();
      return snooze(0);
    },
  });
  await using t = await openTestEngine({ definitions: [job, other] });
  const id = await t.engine.enqueue(job, { n: 1 });
  await again.promise;
  await t.engine.cancel(id, "enough");
  const before = runs;
  assert.equal((await t.engine.get(id))?.state, "cancelled");
  assert.equal(await t.engine.whenEnded(await t.engine.enqueue(other, { n: 1 }), 60_000), true);
  assert.equal(runs, before);
  await t.engine.retry(id);
  await t.event((e) => e.type === "job.snoozed");
  await t.engine.cancel(id, "enough");
});

Deno.test("a page of a size that is none is refused", async () => {
  await using t = await openTestEngine({ definitions: [idle] });
  for (const limit of [NaN, -1, 1.5]) {
    await assert.rejects(t.engine.list({ limit }), isCode("invalid"), `${limit}`);
  }
});

Deno.test("a flow that is more than one commit takes is refused", async () => {
  const job = defineJob({ ...quick, payload: z.string(), perform: () => {} });
  await using t = await openTestEngine({ definitions: [job] });
  const flows = new Flows(t.engine);
  const steps = Array.from({ length: 30 }, (_, n) => step(`${n}`, job, "x".repeat(40_000)));
  await assert.rejects(flows.enqueue(steps), isCode("too_large"));
  await assert.rejects(flows.enqueue([step("x".repeat(70_000), job, "")]), isCode("too_large"));
  assert.deepEqual((await t.engine.list({ limit: 10 })).jobs, []);
  flows.close();
});
