import assert from "node:assert/strict";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { FakeClock } from "../clock.ts";
import { WriteSet } from "../kv/write_set.ts";
import { complete, defineJob, snooze } from "./definition.ts";
import { recount } from "./recount.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { openTestEngine } from "./testing.ts";

const payload = z.object({ n: z.number() });
const HOUR_MS = 3_600_000;

for (const jump of [HOUR_MS, -HOUR_MS]) {
  const name = jump > 0 ? "an hour forward" : "an hour back";
  Deno.test({
    name: `the clock is set ${name}: nothing times out, nothing is lost or done twice`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const clock = new FakeClock();
      const gate = Promise.withResolvers<void>();
      const done: number[] = [];
      const job = defineJob({
        kind: "work",
        queue: "default",
        payload,
        timeoutMs: 60_000,
        async perform({ payload, signal }) {
          if (payload.n === 0) await gate.promise;
          signal.throwIfAborted();
          done.push(payload.n);
        },
      });
      await using t = await openTestEngine({ definitions: [job], clock });
      const started = t.event((e) => e.type === "job.started");
      const running = await t.engine.enqueue(job, { n: 0 });
      const later = await t.engine.enqueue(job, { n: 1 }, { runAt: clock.now() + 10 * 60_000 });
      await started;
      clock.set(jump);
      const after = await t.engine.enqueue(job, { n: 2 });
      await ended(t, after);
      // The engine looks for what the clock's setting changed four times a second of real time.
      if (jump > 0) await ended(t, later);
      else await new Promise((resolve) => setTimeout(resolve, 600));
      gate.resolve();
      await ended(t, running);
      if (jump < 0) {
        assert.equal((await t.engine.get(later))?.state, "scheduled");
        clock.advance(10 * 60_000 + HOUR_MS);
      }
      await ended(t, later);
      assert.deepEqual(done, jump > 0 ? [2, 1, 0] : [2, 0, 1]);
      for (const id of [running, later, after]) {
        const view = await t.engine.get(id);
        assert.deepEqual([view?.state, view?.attempt], ["completed", 0]);
      }
      assert.deepEqual((await recount(t.db.kv)).differences, []);
    },
  });
}

Deno.test("what is released while the clock is wrong does not wait for it to come round again", async () => {
  const clock = new FakeClock();
  const job = defineJob({ kind: "work", queue: "default", payload, perform: () => {} });
  await using t = await openTestEngine({ definitions: [job], clock });
  await t.engine.pause("default", "test");
  const id = await t.engine.enqueue(job, { n: 1 }, { heldBy: "somebody" });
  clock.set(HOUR_MS);
  const tx = new WriteSet();
  await t.engine.release(tx, id);
  clock.set(-HOUR_MS);
  await t.db.commit(tx);
  await t.engine.resume("default", "test");
  await ended(t, id);
});

for (const restart of [false, true]) {
  const when = restart ? "at the next start" : "when it is set back";
  Deno.test(`a wait that was set while the clock was ahead begins anew ${when}`, async () => {
    const clock = new FakeClock();
    const job = defineJob({
      kind: "work",
      queue: "default",
      payload,
      backoff: () => 60_000,
      perform({ payload, attempt }) {
        if (attempt > 1) return;
        if (payload.n === 0) throw new Error("tried too early");
        if (payload.n === 1 && !snoozed.has(1)) return snoozed.add(1), snooze(60_000);
      },
    });
    const snoozed = new Set<number>();
    await using folder = await tempFolder();
    const path = folder.path + "/kv.sqlite";
    const first = await openTestEngine({ definitions: [job], clock, path });
    const asked = clock.now() + 2 * HOUR_MS;
    const due = await first.engine.enqueue(job, { n: 2 }, { runAt: clock.now() + HOUR_MS / 2 });
    clock.set(HOUR_MS);
    await ended(first, due); // so the engine has noticed
    const putOff = [0, 1].map(async (n) => {
      const waits = first.event((e) => e.type === (n ? "job.snoozed" : "job.retrying"));
      const id = await first.engine.enqueue(job, { n });
      await waits;
      return id;
    });
    const ids = await Promise.all(putOff);
    const later = await first.engine.enqueue(job, { n: 2 }, { runAt: asked });
    if (restart) await first[Symbol.asyncDispose]();
    clock.set(-HOUR_MS);
    const second = restart ? await openTestEngine({ definitions: [job], clock, path }) : first;
    await using t = second;
    const dueAt = async (id: string) => (await t.engine.get(id))!.runAt!;
    for (const id of ids) {
      await eventually(async () => await dueAt(id) <= clock.now() + 60_000, "begins anew");
      assert.equal(await dueAt(id), clock.now() + 60_000);
    }
    assert.equal(await dueAt(later), asked, "somebody asked for that instant");
    clock.advance(60_000);
    for (const id of ids) await ended(t, id);
    assert.deepEqual((await recount(t.db.kv)).differences, []);
  });
}

/** Waits for a job's end whatever the fake clock says. */
async function ended(
  t: { engine: { get(id: string): Promise<{ finishedAt?: number } | null> } },
  id: string,
): Promise<void> {
  await eventually(
    async () => (await t.engine.get(id))?.finishedAt !== undefined,
    `task ${id} ends`,
  );
}

Deno.test({
  name: "ten thousand duplicate doorbells start nothing twice",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    let runs = 0;
    const job = defineJob({
      kind: "work",
      queue: "default",
      payload,
      perform: ({ payload }) => {
        runs++;
        return complete(null, (tx) => void tx.sum(["done", payload.n], 1));
      },
    });
    await using t = await openTestEngine({ definitions: [job] });
    const rung = Array.from({ length: 10 }, async (_, i) => {
      for (let round = 0; round < 2; round++) {
        const atomic = t.db.kv.atomic();
        for (let n = 0; n < 500; n++) {
          atomic.enqueue({ doorbell: "default" }, { keysIfUndelivered: [] });
        }
        await atomic.commit();
        const tx = new WriteSet();
        for (let n = 0; n < 20; n++) t.engine.prepare(tx, job, { n: i * 100 + round * 20 + n });
        await t.db.commit(tx);
      }
    });
    await Promise.all(rung);
    await t.drained();
    // The bells go on ringing for a while after the work is done.
    const queued = async () => (await Array.fromAsync(t.db.kv.list({ prefix: ["done"] }))).length;
    assert.equal(await queued(), 400);
    const last = await t.engine.enqueue(job, { n: 9_999 });
    assert.equal(await t.engine.whenEnded(last, 60_000), true);
    assert.equal(runs, 401);
    for await (const { value } of t.db.kv.list<Deno.KvU64>({ prefix: ["done"] })) {
      assert.equal(value.value, 1n);
    }
    assert.deepEqual((await recount(t.db.kv)).differences, []);
  },
});
