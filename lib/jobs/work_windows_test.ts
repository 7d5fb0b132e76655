import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { complete, defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { WriteSet } from "../kv/write_set.ts";
import { allSessionsPrefix, allShardsPrefix, heartbeatKey } from "./keys.ts";
import { WorkWindows } from "./work_windows.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const LEASE_MS = 60_000;
const LONG_MS = 60_000;

/** A process that works in windows on a database that others may share. */
async function isolate(path: string, perform: (n: number) => unknown = () => {}) {
  const db = await Database.open({ path, shared: true, maxChecks: 10 });
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload: z.object({ n: z.number() }),
    backoff: () => 50,
    maxAttempts: 2,
    async perform({ payload }) {
      await perform(payload.n);
      return complete();
    },
  });
  const options = { db, clock: systemClock, log: silentLogger, leaseMs: LEASE_MS };
  const queues = { default: 4, other: 1 };
  const engine = new JobEngine({ ...options, queues, worker: crypto.randomUUID() }).register(job);
  await engine.load();
  const windows = new WorkWindows({ ...options, engine });
  const close = async () => {
    await windows.close();
    await db.close();
    await engine.closed();
  };
  return { db, engine, job, windows, close };
}

async function held(db: Database): Promise<number> {
  const entries = await Promise.all(
    [allSessionsPrefix, allShardsPrefix].map((prefix) => Array.fromAsync(db.kv.list({ prefix }))),
  );
  return entries.flat().length;
}

const inFolder = async (test: (path: string) => Promise<void>) => {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/kv.sqlite`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

Deno.test(
  "what is queued is done at once, then nothing is held until more comes",
  sanitize,
  () =>
    inFolder(async (path) => {
      const one = await isolate(path);
      for (const n of [1, 2]) {
        const id = await one.engine.enqueue(one.job, { n });
        assert.equal(one.windows.isOpen, true);
        assert.equal(await one.engine.whenEnded(id, LONG_MS), true);
        await one.windows.work(LONG_MS); // until the window closes
        assert.deepEqual([one.windows.isOpen, await held(one.db)], [false, 0]);
      }
      await one.close();
    }),
);

Deno.test(
  "a tick does what waits for a time, and what another process left behind",
  sanitize,
  () =>
    inFolder(async (path) => {
      const stuck = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const one = await isolate(path, () => {
        begun.resolve();
        return stuck.promise;
      });
      const runAt = Date.now() + 100;
      const later = await one.engine.enqueue(one.job, { n: 1 }, { runAt });
      assert.equal(one.windows.isOpen, false);
      const left = await one.engine.enqueue(one.job, { n: 2 });
      await begun.promise;
      // What a process leaves that was stopped with the job in its hands.
      for await (const { key } of one.db.kv.list({ prefix: allSessionsPrefix })) {
        await one.db.commit(new WriteSet().set(heartbeatKey(String(key.at(-1))), 0));
      }
      const done: number[] = [];
      const two = await isolate(path, (n) => done.push(n));
      await two.windows.work(LONG_MS);
      assert.deepEqual(done.sort(), [1, 2]);
      for (const id of [later, left]) {
        assert.equal((await two.engine.get(id))?.state, "completed");
      }
      stuck.resolve();
      await two.close();
      await one.close();
    }),
);

Deno.test(
  "a process that has lost its queues works again in its next window",
  sanitize,
  () =>
    inFolder(async (path) => {
      const begun = Promise.withResolvers<void>();
      const stuck = Promise.withResolvers<void>();
      const seen: number[] = [];
      const one = await isolate(path, async (n) => {
        seen.push(n);
        if (seen.length > 1) return;
        begun.resolve();
        await stuck.promise;
      });
      const id = await one.engine.enqueue(one.job, { n: 1 });
      await begun.promise;
      for await (const { key } of one.db.kv.list({ prefix: allSessionsPrefix })) {
        await one.db.commit(new WriteSet().delete(key)); // another has ended its session
      }
      stuck.resolve();
      await one.windows.work(LONG_MS); // the window that could not go on
      await one.windows.work(LONG_MS);
      assert.equal((await one.engine.get(id))?.state, "completed");
      assert.deepEqual(seen, [1, 1]);
      await one.close();
    }),
);

Deno.test(
  "a process that works off nothing lists failed jobs all the same",
  sanitize,
  () =>
    inFolder(async (path) => {
      const one = await isolate(path, () => Promise.reject(new Error("never")));
      const id = await one.engine.enqueue(one.job, { n: 1 });
      assert.equal(await one.engine.whenEnded(id, LONG_MS), true);
      const two = await isolate(path);
      const { jobs } = await two.engine.list({ state: "failed", limit: 10 });
      assert.deepEqual(jobs.map((job) => job.id), [id]);
      await two.close();
      await one.close();
    }),
);

Deno.test("a paused queue keeps no window open", sanitize, () =>
  inFolder(async (path) => {
    const one = await isolate(path);
    await one.engine.pause("default", "test");
    const id = await one.engine.enqueue(one.job, { n: 1 });
    await one.windows.work(LONG_MS);
    assert.equal(one.windows.isOpen, false);
    assert.equal((await one.engine.get(id))?.state, "available");
    assert.equal(await one.engine.isDue(), false);
    await one.engine.resume("default", "test");
    await one.windows.work(LONG_MS);
    assert.equal((await one.engine.get(id))?.state, "completed");
    await one.close();
  }));
