import assert from "node:assert/strict";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { complete, defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import type { QueueOverview } from "./queue_overview.ts";
import { heartbeatKey, sessionKey, shardKey } from "./keys.ts";
import { WriteSet } from "../kv/write_set.ts";

/** Long enough for a machine that is busy; a worker that is silent for so long is taken over. */
const LEASE_MS = 6_000;
const payload = z.object({ n: z.number() });

/** One of several processes on a database file; each has a handle of its own. */
async function worker(path: string, name: string, perform: (n: number) => Promise<void> | void) {
  const db = await Database.open({ path, shared: true });
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload,
    backoff: () => 5,
    async perform(context) {
      await perform(context.payload.n);
      const { n } = context.payload;
      return complete(name, async (tx) => {
        const key = ["done", n];
        const entry = await db.kv.get<number>(key);
        tx.check(key, entry.versionstamp).set(key, (entry.value ?? 0) + 1);
      });
    },
  });
  const lost = Promise.withResolvers<void>();
  const engine = new JobEngine({
    db,
    clock: systemClock,
    log: silentLogger,
    queues: { default: 4 },
    worker: name,
    leaseMs: LEASE_MS,
    onLost: lost.resolve,
  }).register(job);
  const close = async () => {
    await engine.stop(1_000);
    await db.close();
    await engine.closed();
  };
  return { db, engine, job, close, lost: lost.promise };
}

/** A worker whose jobs have begun once `started` resolves, and end after `go`. */
async function heldWorker(path: string, name: string) {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const held = await worker(path, name, async () => {
    started.resolve();
    await go.promise;
  });
  return { ...held, started: started.promise, go: go.resolve };
}

Deno.test("a worker serves what others enqueue, and another takes over when it stops", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const web = await worker(path, "web", () => {});
  await web.engine.load();
  const first = await worker(path, "first", () => {});
  await first.engine.start();
  const second = await worker(path, "second", () => {});
  await second.engine.start();
  const id = await web.engine.enqueue(web.job, { n: 1 });
  assert.equal(await web.engine.whenEnded(id, 60_000), true);
  assert.equal((await web.engine.get(id))?.result, "first");
  await first.close();
  const next = await web.engine.enqueue(web.job, { n: 2 });
  assert.equal(await web.engine.whenEnded(next, 60_000), true);
  assert.equal((await web.engine.get(next))?.result, "second");
  await second.close();
  await web.close();
});

Deno.test("a worker that falls silent is taken over, and cannot write any more", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const { started, go, ...stale } = await heldWorker(path, "stale");
  await stale.engine.start();
  const id = await stale.engine.enqueue(stale.job, { n: 7 });
  await started;
  // What a long stop of the process leaves: a heartbeat that ran out, and a worker that knows nothing.
  await stale.db.commit(new WriteSet().set(heartbeatKey("stale"), 0));
  const fresh = await worker(path, "fresh", () => {});
  await fresh.engine.start();
  assert.equal((await fresh.db.kv.get(sessionKey("stale"))).value, null);
  assert.equal((await fresh.db.kv.get(shardKey("default", 0))).value, "fresh");
  assert.equal(await fresh.engine.whenEnded(id, 60_000), true);
  go(); // the stale one finishes now, too late
  await stale.lost;
  assert.equal((await fresh.engine.get(id))?.result, "fresh");
  assert.equal((await fresh.engine.get(id))?.crashes, 1);
  assert.equal((await fresh.db.kv.get(["done", 7])).value, 1, "its effects happened once");
  await stale.close();
  await fresh.close();
});

Deno.test("a job cancelled by another process has no effects", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const { started, go, ...busy } = await heldWorker(path, "busy");
  await busy.engine.start();
  const web = await worker(path, "web", () => {});
  await web.engine.load();
  const id = await web.engine.enqueue(web.job, { n: 3 });
  await started;
  await web.engine.cancel(id, "operator");
  go();
  await busy.close();
  assert.equal((await web.engine.get(id))?.state, "cancelled");
  assert.equal((await web.db.kv.get(["done", 3])).value, null);
  await web.close();
});

Deno.test("a process that serves nothing tells what waits for others, and that a silent one runs nothing", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const web = await worker(path, "web", () => {});
  await web.engine.follow();
  const overview = async () => {
    const [{ running, oldestWaitingSeconds }] = await web.engine.queues() as [QueueOverview];
    return { running, waits: oldestWaitingSeconds !== null && oldestWaitingSeconds >= 0 };
  };
  assert.deepEqual(await overview(), { running: 0, waits: false });
  await web.engine.enqueue(web.job, { n: 0 }, { priority: 9 });
  assert.deepEqual(await overview(), { running: 0, waits: true }, "nobody serves it");

  const { started, go, ...busy } = await heldWorker(path, "busy");
  await busy.engine.start();
  await started;
  assert.deepEqual(await overview(), { running: 1, waits: false }, "it runs elsewhere");
  await web.engine.pause("default", "a test");
  await busy.engine.pause("default", "a test");
  await web.engine.enqueue(web.job, { n: 1 });
  assert.deepEqual(await overview(), { running: 1, waits: true }, "another one waits");
  // Without its session it cannot renew its heartbeat.
  await busy.db.commit(new WriteSet().delete(sessionKey("busy")).set(heartbeatKey("busy"), 0));
  assert.deepEqual(await overview(), { running: 0, waits: true }, "who runs it is silent");
  go();
  await busy.close();
  await web.close();
});
