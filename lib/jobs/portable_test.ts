import assert from "node:assert/strict";
import { z } from "zod";
import { FakeClock, systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { enqueueMany } from "./bulk.ts";
import { complete, defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { chain, Flows, step } from "./flows.ts";
import { recount } from "./recount.ts";
import { openTestEngine } from "./testing.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const payload = z.object({ n: z.number() });

/** Counts the checks of each atomic, and takes away what a remote database does not have. */
function remote(kv: Deno.Kv): { most: () => number } {
  let most = 0;
  const atomic = kv.atomic.bind(kv);
  const missing = () => {
    throw new TypeError("KV queues and watch are not available");
  };
  Object.defineProperties(kv, {
    atomic: {
      value() {
        const operation = atomic();
        const check = operation.check.bind(operation);
        let checks = 0;
        operation.check = (...entries) => {
          most = Math.max(most, checks += entries.length);
          return check(...entries);
        };
        operation.enqueue = missing;
        return operation;
      },
    },
    enqueue: { value: missing },
    listenQueue: { value: missing },
    watch: { value: missing },
  });
  return { most: () => most };
}

Deno.test(
  "no atomic has more than ten checks, and nothing needs queues or watch",
  sanitize,
  async () => {
    const db = await Database.open({ path: ":memory:", maxChecks: 10, shared: true });
    const { most } = remote(db.kv);
    const job = defineJob({
      kind: "work",
      queue: "default",
      payload,
      backoff: () => 1,
      async perform({ payload: { n }, attempt, once }) {
        if (n % 5 === 0) await once("call", () => n);
        if (n % 7 === 0 && attempt === 1) throw new Error("again");
        return complete(null, async (tx) => {
          const entry = await db.kv.get<number>(["sum", n % 20]);
          tx.check(entry.key, entry.versionstamp).set(entry.key, (entry.value ?? 0) + 1);
        });
      },
    });
    const options = { db, clock: systemClock, log: silentLogger, queues: { default: 50 } };
    const engine = new JobEngine({ ...options, worker: "w", leaseMs: 60_000 }).register(job);
    await engine.start();
    const flows = new Flows(engine);
    const ids = await enqueueMany(engine, job, Array.from({ length: 200 }, (_, n) => ({ n })));
    const unique = Array.from(
      { length: 40 },
      (_, n) => engine.enqueue(job, { n }, { uniqueKey: `${n % 20}` }),
    );
    const flow = await flows.enqueue([
      ...chain(step("one", job, { n: 1 }), step("two", job, { n: 2 })),
      ...Array.from({ length: 20 }, (_, n) => step(`fan ${n}`, job, { n }, { after: ["two"] })),
    ]);
    const steps = (await flows.get(flow))!.steps.map(({ id }) => id);
    for (const id of [...ids, ...await Promise.all(unique), ...steps]) {
      assert.ok(await engine.whenEnded(id, 60_000));
    }
    const retention = { completedMs: -1, cancelledMs: -1, failedMs: -1 };
    assert.ok(await engine.sweep(retention, { limit: 1_000 }) > 200);
    assert.deepEqual((await recount(db.kv)).differences, []);
    assert.ok(most() >= 1 && most() <= 10, `${most()} checks in an atomic`);
    flows.close();
    await engine.stop(1_000);
    await db.close();
    await engine.closed();
  },
);

Deno.test("a delayed job starts at its instant, not a millisecond before", sanitize, async () => {
  const clock = new FakeClock();
  const started: number[] = [];
  const job = defineJob({
    kind: "later",
    queue: "default",
    payload,
    perform: () => void started.push(clock.now()),
  });
  await using t = await openTestEngine({ definitions: [job], clock });
  const runAt = clock.now() + 3 * 365 * 86_400_000; // years ahead
  const id = await t.engine.enqueue(job, { n: 1 }, { runAt });
  for (let left = runAt - 1 - clock.now(); left > 0; left = runAt - 1 - clock.now()) {
    clock.advance(Math.min(left, 30 * 86_400_000));
    await t.drain();
  }
  assert.deepEqual([started, (await t.engine.get(id))?.state], [[], "scheduled"]);
  clock.advance(1);
  await t.drain();
  assert.deepEqual(started, [runAt]);
});

Deno.test("one key's flood does not delay another key's job: it is the second to run", async () => {
  const order: string[] = [];
  const job = defineJob({
    kind: "turn",
    queue: "default",
    payload: z.object({ bot: z.string() }),
    perform: ({ payload }) => void order.push(payload.bot),
  });
  await using t = await openTestEngine({ definitions: [job], queues: { default: 1 } });
  await t.engine.pause("default", "test");
  const flood = Array.from({ length: 2_000 }, () => ({ bot: "busy" }));
  await enqueueMany(t.engine, job, flood, { fairKey: "busy" });
  await t.engine.enqueue(job, { bot: "quiet" }, { fairKey: "quiet" });
  await t.engine.resume("default", "test");
  await t.drain();
  assert.equal(order.length, 2_001);
  assert.ok(order.indexOf("quiet") <= 5, `it was number ${order.indexOf("quiet") + 1}`);
});
