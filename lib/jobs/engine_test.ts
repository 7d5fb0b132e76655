import assert from "node:assert/strict";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { AppError } from "../errors.ts";
import { WriteSet } from "../kv/write_set.ts";
import { counterValue } from "../kv/counter.ts";
import { cancel, complete, defineJob, JobError, snooze } from "./definition.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { openTestEngine } from "./testing.ts";

const payload = z.object({ n: z.number() });
const quick = { kind: "work", queue: "default", payload, backoff: () => 5 };

Deno.test("a job is performed with its payload and its result is kept", async () => {
  const job = defineJob({ ...quick, perform: ({ payload }) => complete({ twice: payload.n * 2 }) });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 21 });
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
  const done = await t.engine.get(id);
  assert.equal(done?.state, "completed");
  assert.deepEqual(done?.result, { twice: 42 });
});

Deno.test("a payload that does not fit, or is too large, is refused and changes nothing", async () => {
  const job = defineJob({ ...quick, payload: z.object({ s: z.string() }), perform: () => {} });
  await using t = await openTestEngine({ definitions: [job], start: false });
  await assert.rejects(
    t.engine.enqueue(job, { s: 1 } as unknown as { s: string }),
    (e: AppError) => e.code === "invalid" && e.issues[0]?.path === "payload.s",
  );
  await assert.rejects(
    t.engine.enqueue(job, { s: "é".repeat(30_000) }),
    (e: AppError) => e.code === "too_large",
  );
  for (const s of ["x".repeat(48 * 1024 - 7), "x".repeat(40_000) + "ж"]) {
    await assert.rejects(t.engine.enqueue(job, { s }), (e: AppError) => e.code === "too_large");
  }
  assert.deepEqual(await Array.fromAsync(t.db.kv.list({ prefix: [] })), []);
  for (const s of ["x".repeat(48 * 1024 - 8), "é".repeat(24_000), "ж".repeat(24_000)]) {
    await t.engine.enqueue(job, { s });
  }
});

Deno.test("effects commit with the completion, once, and run anew when a check fails", async () => {
  let runs = 0;
  const key = ["balance"];
  const job = defineJob({
    ...quick,
    perform: ({ payload }) =>
      complete(null, async (tx) => {
        runs++;
        const entry = await t.db.kv.get<number>(key);
        tx.check(key, entry.versionstamp).set(key, (entry.value ?? 0) + payload.n);
      }),
  });
  await using t = await openTestEngine({ definitions: [job] });
  const ids = await Promise.all(Array.from({ length: 30 }, () => t.engine.enqueue(job, { n: 1 })));
  await Promise.all(ids.map((id) => t.engine.whenEnded(id, 60_000)));
  assert.equal((await t.db.kv.get(key)).value, 30);
  assert.ok(runs > 30, "checks did collide, otherwise this shows nothing");
});

Deno.test("a throw is tried again, with what the error says", async () => {
  const attempts: number[] = [];
  const job = defineJob({
    ...quick,
    maxAttempts: 3,
    perform({ attempt }) {
      attempts.push(attempt);
      if (attempt < 3) throw new JobError("not yet", { code: "early" });
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.equal((await t.engine.get(id))?.errors?.length, 2);
});

Deno.test("a job that is due again at once does not meet its own last attempt", async () => {
  const job = defineJob({
    ...quick,
    maxAttempts: 20,
    backoff: () => 0,
    perform({ attempt }) {
      if (attempt < 20) throw new Error("again");
    },
  });
  await using t = await openTestEngine({ definitions: [job], queues: { default: 2 } });
  const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => t.engine.enqueue(job, { n })));
  for (const id of ids) {
    assert.equal(await t.engine.whenEnded(id, 60_000), true);
    assert.equal((await t.engine.get(id))?.state, "completed");
  }
  assert.deepEqual(await Array.fromAsync(t.db.kv.list({ prefix: ["jobs", "run"] })), []);
});

Deno.test("a dead letter is listed with its attempts, and retried", async () => {
  let broken = true;
  const settled: string[] = [];
  const job = defineJob({
    ...quick,
    maxAttempts: 2,
    perform() {
      if (broken) throw new Error("broken");
    },
    settle: (tx, job, { state, error }) => {
      settled.push(`${state} ${error.message}`);
      tx.set(["settled", job.id], 1);
    },
    revive: (tx, job) => void tx.delete(["settled", job.id]),
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.engine.whenEnded(id, 60_000);
  const dead = await t.engine.list({ state: "failed", limit: 10 });
  assert.deepEqual(dead.jobs.map((j) => [j.id, j.errors?.length]), [[id, 2]]);
  assert.deepEqual(settled, ["failed broken"]);
  assert.equal((await t.db.kv.get(["settled", id])).value, 1);
  broken = false;
  await t.engine.retry(id);
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
  assert.equal((await t.engine.get(id))?.state, "completed");
  assert.equal((await t.db.kv.get(["settled", id])).value, null);
  assert.equal((await t.engine.list({ state: "failed", limit: 10 })).jobs.length, 0);
  await assert.rejects(t.engine.retry(id), (e: AppError) => e.code === "conflict");
});

Deno.test("snooze comes back later and spends no attempt; cancel ends without failing", async () => {
  let runs = 0;
  const sleepy = defineJob({ ...quick, perform: () => ++runs === 1 ? snooze(10) : complete(runs) });
  const quitter = defineJob({ ...quick, kind: "quit", perform: () => cancel("no use") });
  await using t = await openTestEngine({ definitions: [sleepy, quitter] });
  const first = await t.engine.enqueue(sleepy, { n: 1 });
  const second = await t.engine.enqueue(quitter, { n: 1 });
  await t.engine.whenEnded(first, 60_000);
  await t.engine.whenEnded(second, 60_000);
  const done = await t.engine.get(first);
  assert.deepEqual([done?.result, done?.attempt], [2, 0]);
  assert.deepEqual(
    [(await t.engine.get(second))?.state, (await t.engine.get(second))?.reason],
    ["cancelled", "no use"],
  );
});

Deno.test("queued, scheduled and running jobs can be cancelled; ended ones cannot", async () => {
  const started = Promise.withResolvers<void>();
  let aborted = false;
  const job = defineJob({
    ...quick,
    perform: ({ signal }) => {
      started.resolve();
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          resolve();
        })
      );
    },
  });
  await using t = await openTestEngine({ definitions: [job], queues: { default: 1 } });
  const running = await t.engine.enqueue(job, { n: 1 });
  await started.promise;
  const queued = await t.engine.enqueue(job, { n: 2 });
  const later = await t.engine.enqueue(job, { n: 3 }, { runAt: Date.now() + 60_000 });
  for (const id of [queued, later, running]) {
    await t.engine.cancel(id, "operator");
    assert.equal((await t.engine.get(id))?.state, "cancelled");
    await assert.rejects(t.engine.cancel(id, "again"), (e: AppError) => e.code === "conflict");
  }
  assert.equal(aborted, true);
  await assert.rejects(t.engine.cancel("nonsense", "x"), (e: AppError) => e.code === "not_found");
  const [overview] = await t.engine.queues();
  assert.deepEqual(overview?.depth["cancelled"], { 5: 3 });
});

Deno.test("an attempt that takes too long is aborted and retried", async () => {
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    timeoutMs: 20,
    perform: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 });
  await t.engine.whenEnded(id, 60_000);
  const failed = await t.engine.get(id);
  assert.deepEqual([failed?.state, failed?.errors?.[0]?.code], ["failed", "timeout"]);
});

Deno.test("a paused queue starts nothing, also after a restart, and says why", async () => {
  const job = defineJob({ ...quick, perform: () => {} });
  await using folder = await tempFolder();
  const file = folder.path + "/kv.sqlite";
  let id: string;
  {
    await using t = await openTestEngine({ definitions: [job], path: file });
    await t.engine.pause("default", "ops");
    id = await t.engine.enqueue(job, { n: 1 });
    assert.equal(await t.engine.whenEnded(id, 30), false);
  }
  await using t = await openTestEngine({ definitions: [job], path: file });
  assert.equal(await t.engine.whenEnded(id, 30), false);
  const [why] = await t.engine.waitingBecause(id);
  assert.equal(why?.reason, "paused");
  assert.match(why!.detail, /ops/);
  await t.engine.resume("default", "ops");
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
});

Deno.test("priorities go first, and jobs of one priority in their order", async () => {
  const order: number[] = [];
  const job = defineJob({ ...quick, perform: ({ payload }) => void order.push(payload.n) });
  await using t = await openTestEngine({ definitions: [job], queues: { default: 1 } });
  await t.engine.pause("default", "test");
  for (const [n, priority] of [[1, 5], [2, 9], [3, 1], [4, 5], [5, 0]] as const) {
    await t.engine.enqueue(job, { n }, { priority });
  }
  await t.engine.resume("default", "test");
  await t.drained();
  assert.deepEqual(order, [5, 3, 1, 4, 2]);
});

Deno.test("a unique key is held by one unfinished job", async () => {
  const job = defineJob({ ...quick, perform: () => {} });
  await using t = await openTestEngine({ definitions: [job] });
  await t.engine.pause("default", "test");
  const [a, b] = await Promise.all(
    [1, 2].map((n) => t.engine.enqueue(job, { n }, { uniqueKey: "only" })),
  );
  assert.equal(a, b);
  await t.engine.resume("default", "test");
  await t.engine.whenEnded(a!, 60_000);
  assert.notEqual(await t.engine.enqueue(job, { n: 3 }, { uniqueKey: "only" }), a);
});

Deno.test("a held job runs when it is released, in the releaser's own atomic", async () => {
  const job = defineJob({ ...quick, perform: () => {} });
  await using t = await openTestEngine({ definitions: [job] });
  const id = await t.engine.enqueue(job, { n: 1 }, { heldBy: "another" });
  assert.equal(await t.engine.whenEnded(id, 30), false);
  const [because] = await t.engine.waitingBecause(id);
  assert.equal(because?.reason, "earlier_turn");
  assert.match(because.detail, /^one that goes first has not ended \(task another\)$/);
  assert.equal(because.task_id, "another");
  const tx = new WriteSet();
  await t.engine.release(tx, id);
  assert.equal(await t.db.commit(tx), true);
  assert.equal(await t.engine.whenEnded(id, 60_000), true);
});

Deno.test("what was queued or interrupted runs after the next start", async () => {
  await using folder = await tempFolder();
  const file = folder.path + "/kv.sqlite";
  const hang = defineJob({
    ...quick,
    perform: ({ signal }) =>
      new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason))),
  });
  const ids: string[] = [];
  {
    await using t = await openTestEngine({ definitions: [hang], path: file });
    const started = t.event((e) => e.type === "job.started");
    for (let n = 0; n < 25; n++) ids.push(await t.engine.enqueue(hang, { n }));
    ids.push(await t.engine.enqueue(hang, { n: 99 }, { runAt: Date.now() + 50 }));
    await started;
    await t.engine.stop(0);
  }
  const work = defineJob({ ...quick, perform: ({ attempt }) => complete(attempt) });
  await using t = await openTestEngine({ definitions: [work], path: file });
  for (const id of ids) {
    assert.equal(await t.engine.whenEnded(id, 60_000), true);
    assert.equal((await t.engine.get(id))?.result, 1, "no attempt was spent");
  }
});

Deno.test("lists are newest first, filtered and paged without gaps or repeats", async () => {
  const job = defineJob({ ...quick, perform: () => {} });
  const other = defineJob({ ...quick, kind: "other", queue: "second", perform: () => {} });
  await using t = await openTestEngine({ definitions: [job, other] });
  const ids: string[] = [];
  for (let n = 0; n < 23; n++) {
    ids.push(await t.engine.enqueue(n % 3 ? job : other, { n }, { priority: n % 4 }));
  }
  await t.drained();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await t.engine.list({ limit: 5, cursor });
    seen.push(...page.jobs.map((j) => j.id));
    cursor = page.nextCursor;
  } while (cursor);
  assert.deepEqual(seen.toSorted(), ids.toSorted());
  const second = await t.engine.list({ queue: "second", state: "completed", limit: 50 });
  assert.equal(second.jobs.length, 8);
  assert.equal((await t.engine.list({ text: '"n":7}', limit: 50 })).jobs.length, 1);
});

Deno.test("counters agree with a recount, and retention removes what is old", async () => {
  const job = defineJob({
    ...quick,
    maxAttempts: 1,
    perform({ payload }) {
      if (payload.n % 5 === 0) throw new Error("five");
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  for (let n = 0; n < 40; n++) await t.engine.enqueue(job, { n }, { priority: n % 3 });
  await t.drained();
  const counted: Record<string, number> = {};
  for await (const { value } of t.db.kv.list<PackedRecord>({ prefix: ["job"] })) {
    const { state } = unpackRecord(value);
    counted[state] = (counted[state] ?? 0) + 1;
  }
  assert.deepEqual(counted, { completed: 32, failed: 8 });
  const [overview] = await t.engine.queues();
  const sum = (state: string) =>
    Object.values(overview?.depth[state] ?? {}).reduce((a, b) => a + b, 0);
  assert.deepEqual([sum("completed"), sum("failed"), sum("available")], [32, 8, 0]);
  for await (const { value } of t.db.kv.list({ prefix: ["jobs", "open"] })) {
    assert.equal(counterValue(value), 0);
  }
  const deleted = await t.engine.sweep(
    { completedMs: 0, cancelledMs: 0, failedMs: 60_000 },
    { limit: 1_000 },
  );
  assert.equal(deleted, 32);
  assert.equal((await t.engine.list({ limit: 100 })).jobs.length, 8);
});
