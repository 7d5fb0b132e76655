import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { silentLogger } from "../log.ts";
import { Backlog } from "./backlog.ts";
import { FairOrder } from "./fair_order.ts";
import { formatJobId, type JobAddress, turnOf, turnText } from "./job_id.ts";
import type { JobRecord } from "./job.ts";
import { ReadySet } from "./ready_set.ts";
import { writeJob } from "./store.ts";

const level = { queue: "q", shard: 0, priority: 5 };
const CHUNK = 400;

/** A queue as its worker has it in memory, which other processes write to. */
async function shared() {
  const clock = new FakeClock();
  const db = await Database.open({ path: ":memory:" });
  const ready = new ReadySet();
  const fair = new FairOrder();
  let woken = Promise.withResolvers<void>();
  const options = { ...level, db, clock, fair, log: silentLogger, shared: true, recheckMs: 1_000 };
  const backlog = new Backlog(options, ready, () => {
    woken.resolve();
    woken = Promise.withResolvers();
    backlog.refill();
  });
  const record = (): JobRecord => ({
    kind: "k",
    payload: null,
    state: "available",
    queuedAt: clock.now(),
    attempt: 0,
    maxAttempts: 1,
    fairKey: "key",
  });
  return {
    clock,
    fair,
    ready,
    backlog,
    /** Somebody else stores jobs from this turn on, a step of 16 each. */
    async store(turn: number, count: number, name: string): Promise<void> {
      for (let from = 0; from < count; from += CHUNK) {
        const tx = new WriteSet();
        for (let n = from; n < Math.min(count, from + CHUNK); n++) {
          const suffix = turnText(turn + 16 * n) + name.padStart(8, "0");
          writeJob(tx, { ...level, suffix }, null, record());
        }
        await db.commit(tx);
      }
    },
    /** The next job ends. */
    async end(): Promise<string | undefined> {
      const job = ready.pop(clock.now());
      if (!job) return undefined;
      fair.serve("q", 5, turnOf(job.address.suffix));
      const done: JobRecord = { ...job.record, state: "completed", finishedAt: clock.now() };
      const tx = new WriteSet();
      writeJob(tx, job.address, job.record, done);
      await db.commit(tx);
      backlog.forget(job.id);
      return formatJobId(job.address);
    },
    read: () => woken.promise,
    async [Symbol.asyncDispose]() {
      backlog.stop();
      await db.close();
    },
  };
}

const idOf = (turn: number, name: string): string =>
  formatJobId({ ...level, suffix: turnText(turn) + name.padStart(8, "0") } as JobAddress);

Deno.test("a job that another process puts before what was read is found", async () => {
  await using q = await shared();
  await q.store(1_000_000, 5_000, "a");
  q.backlog.start([5]);
  while (q.ready.size < 2_000) await q.read();
  for (let n = 0; n < 100; n++) await q.end();
  await q.store(1_000_000 + 16 * 90, 1, "b");
  for (let look = 0; look < 50 && ![...q.ready].some(({ id }) => id.endsWith("b")); look++) {
    q.clock.advance(1_000);
    await q.read();
  }
  assert.equal(await q.end(), idOf(1_000_000 + 16 * 90, "b"), "it goes first");
});

Deno.test("what a key queues after a restart comes behind what it had queued before", async () => {
  await using q = await shared();
  await q.store(1_000_000, 100, "a");
  q.backlog.start([5]);
  while (q.ready.size < 100) await q.read();
  const last = 1_000_000 + 16 * 99;
  assert.ok(q.fair.assign("q", 5, "key", 0, true) > last);
  assert.ok(q.fair.assign("q", 5, "other", 0, true) < last, "another key need not wait for it");
});

Deno.test("many that are put in front fill no memory, and each is performed once, in order", async () => {
  await using q = await shared();
  await q.store(1_000_000, 3_000, "a");
  q.backlog.start([5]);
  while (q.ready.size < 2_000) await q.read();
  // Ten other keys have as many jobs each between those that were read.
  const keys = [..."bcdefghijk"];
  for (const key of keys) await q.store(1_000_000, 1_000, key);
  let most = 0;
  for (let look = 0; look < 5; look++) {
    q.clock.advance(1_000);
    await q.read();
    most = Math.max(most, q.ready.size);
  }
  const ended: string[] = [];
  while (ended.length < 13_000) {
    const id = await q.end();
    if (id) ended.push(id);
    q.backlog.refill();
    most = Math.max(most, q.ready.size);
    if (!id) await q.read();
  }
  assert.equal(new Set(ended).size, 13_000);
  assert.ok(most < 5_000, `${most} in memory at once`);
  const early = ended.slice(4_000, 9_000).filter((id) => id.endsWith("a")).length;
  assert.ok(early < 1_500, `${early} of the first key among 5,000 that were performed`);
});
