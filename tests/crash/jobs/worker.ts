/**
 * A small worker process for the crash tests. It queues the jobs that it was told to, each once
 * whatever kills it, performs them, and says on stdout what happens. What each job has done is
 * counted in the database by its effects, so that the tests can tell lost from doubled.
 */
import { z } from "zod";
import { systemClock } from "../../../lib/clock.ts";
import { Database } from "../../../lib/kv/database.ts";
import { WriteSet } from "../../../lib/kv/write_set.ts";
import { createLogger } from "../../../lib/log.ts";
import { complete, defineJob, JobError, snooze } from "../../../lib/jobs/definition.ts";
import { JobEngine } from "../../../lib/jobs/engine.ts";
import { Failpoints } from "./failpoints.ts";
import { doneKey, madeKey, type WorkerOrder } from "./order.ts";

const order = JSON.parse(Deno.args[0]!) as WorkerOrder;
const failpoints = new Failpoints(order.failpoint ?? null, order.skip ?? 0);
const say = (event: string, data: Record<string, unknown> = {}) =>
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ event, ...data }) + "\n"));
const log = createLogger({ level: "warn", format: "json" });
const database = await openWhenFree();
const db = failpoints.around(database);

const payload = z.object({ n: z.number(), padding: z.string().optional() });
type Payload = z.infer<typeof payload>;
const common = { queue: "default", payload, backoff: () => 10, timeoutMs: 300 };
const concurrency = order.concurrency ?? 20;
let firstDone = false;
let slowStarted = 0;

const counted = (n: number, id: string) =>
  complete({ n }, (tx) => {
    failpoints.reach("effects");
    tx.sum(doneKey(n), 1);
    tx.afterCommit(() => {
      if (!firstDone) say("first");
      firstDone = true;
    });
    if (n % 10 === 7 && n < order.jobs) {
      // A follow-up that exists exactly if this job is done.
      const follow = engine.prepare(tx, work, { n: n + 1_000_000 });
      tx.set(madeKey(n + 1_000_000), follow);
    }
    void id;
  });

const work = defineJob<Payload>({
  ...common,
  kind: "work",
  perform: ({ payload, id }) => {
    failpoints.reach("perform");
    return counted(payload.n, id);
  },
});
const slow = defineJob<Payload>({
  ...common,
  kind: "slow",
  timeoutMs: 60_000,
  async perform({ payload, id, signal }) {
    if (++slowStarted === concurrency) say("full");
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, order.slowMs ?? 20);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    return counted(payload.n, id);
  },
});
/** Fails in every way there is before it works. */
const fickle = defineJob<Payload>({
  ...common,
  kind: "fickle",
  maxAttempts: 4,
  perform({ payload, attempt, id }) {
    if (attempt === 1) throw ["a string", 42, null, undefined, { a: 1 }][payload.n % 5];
    if (attempt === 2) {
      throw {
        get permanent() {
          throw new Error("not even this can be read");
        },
      };
    }
    if (attempt === 3) throw new JobError("wait a little", { retryAfterMs: 15 });
    return counted(payload.n, id);
  },
});
const sleepy = defineJob<Payload>({
  ...common,
  kind: "sleepy",
  perform: ({ payload, queuedAt, id }) =>
    Date.now() - queuedAt < 100 ? snooze(50) : counted(payload.n, id),
});
const hopeless = defineJob<Payload>({
  ...common,
  kind: "hopeless",
  maxAttempts: 2,
  perform() {
    throw new Error("never");
  },
  settle(tx, job) {
    failpoints.reach("settle");
    tx.sum(doneKey((job.payload as Payload).n), 1);
  },
});
const endless = defineJob<Payload>({
  ...common,
  kind: "endless",
  maxAttempts: 1,
  timeoutMs: 100,
  perform: () => new Promise(() => {}),
  settle: (tx, job) => void tx.sum(doneKey((job.payload as Payload).n), 1),
});
/** Remembers an outside call, fails, and must find it remembered. */
const careful = defineJob<Payload>({
  ...common,
  kind: "careful",
  async perform({ payload, attempt, id, once }) {
    let called = false;
    await once("call", () => void (called = true));
    if (attempt === 1) throw new Error("after the call");
    if (called) say("called again");
    return counted(payload.n, id);
  },
});
const exits = defineJob<Payload>({
  ...common,
  kind: "exits",
  perform(): void {
    Deno.exit(7);
  },
  settle: (tx, job) => void tx.sum(doneKey((job.payload as Payload).n), 1),
});

/** Made by a commit that names it in a run marker as well; its mark comes with its effect. */
const aboard = defineJob<Payload>({
  ...common,
  kind: "aboard",
  perform: ({ payload: { n }, id }) =>
    complete({ n }, (tx) => void tx.sum(doneKey(n), 1).set(madeKey(n), id)),
});

const engine = new JobEngine({
  db,
  clock: systemClock,
  log,
  queues: { default: concurrency },
  worker: order.worker,
  leaseMs: order.leaseMs,
}).register(work, slow, fickle, sleepy, hopeless, endless, exits, careful, aboard);

let stopping = false;
const recovery = await engine.start();
Deno.addSignalListener("SIGTERM", async () => {
  stopping = true;
  await engine.stop(order.graceMs ?? 200);
  await database.close();
  await engine.closed();
  say("stopped");
  Deno.exit(0);
});

say("ready", { ...recovery });
if (order.failpoint?.startsWith("aboard")) await goAboard();
await Promise.all([produce(), watch()]);

/** Queues a job while nothing else runs, so that it may start at once. */
async function goAboard(): Promise<void> {
  while (!await engine.isIdle()) await new Promise((resolve) => setTimeout(resolve, 5));
  await engine.enqueue(aboard, { n: 3_000_000 + Math.floor(Math.random() * 1e6) });
}

/** Another process may still hold the file for a moment. */
async function openWhenFree(): Promise<Database> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Database.open({ path: order.path, shared: order.leaseMs !== undefined });
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The kind of a job by its number: mostly plain, and a few of each that misbehaves. */
function kindOf(n: number): typeof work {
  if (order.only === "exits" && n % 20 !== 0) return slow;
  if (order.only) return { work, slow, exits, endless }[order.only];
  if (n === 340) return endless;
  if (n % 50 === 13) return hopeless;
  if (n % 10 === 2) return careful;
  if (n % 10 === 4) return slow;
  if (n % 10 === 5) return fickle;
  return n % 10 === 6 ? sleepy : work;
}

/** Queues what was not queued yet, a few at a time; each job and its mark in one atomic. */
async function produce(): Promise<void> {
  const made = new Set<number>();
  try {
    for await (const { key } of database.kv.list({ prefix: ["made"] })) made.add(Number(key[1]));
  } catch (error) {
    if (stopping) return; // the database was closed under the list
    throw error;
  }
  const missing = Array.from({ length: order.jobs }, (_, n) => n).filter((n) => !made.has(n));
  const makers = Array.from({ length: 8 }, async () => {
    for (let n = missing.shift(); n !== undefined; n = missing.shift()) await make(n);
  });
  await Promise.all(makers);
  say("made");
}

async function make(n: number): Promise<void> {
  while (!stopping && engine.working) {
    const tx = new WriteSet().check(madeKey(n), null);
    const definition = kindOf(n);
    // Some of those that are taken back wait long enough to be there still.
    const delay = n % 20 === 8 ? 150 : n % 50 === 20 ? 2_000 : undefined;
    const priority = n % 9 === 0 ? 1 : undefined;
    const options = delay ? { runAt: Date.now() + delay } : { priority };
    const padding = order.paddingBytes ? "x".repeat(order.paddingBytes) : undefined;
    const id = engine.prepare(tx, definition, { n, padding }, options);
    tx.set(madeKey(n), id);
    try {
      if (await db.commit(tx)) {
        // A few are taken back again at once, if they have not started.
        if (!order.only && n % 25 === 20) {
          await engine.cancel(id, "changed its mind").catch(() => {});
        }
        return;
      }
      if ((await database.kv.get(madeKey(n))).value !== null) return;
    } catch (error) {
      say("refused", { message: String(error).slice(0, 200) });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Says when everything has ended, and when another process has taken over. */
async function watch(): Promise<void> {
  let said = false;
  while (!stopping) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!engine.working && !stopping) {
      say("lost");
      await engine.stop(0);
      await database.close();
      Deno.exit(0);
    }
    if (said) continue;
    const queues = await engine.queues().catch((error) => {
      if (!stopping) throw error; // the database may be closed by now
    });
    if (!queues) return;
    const depth = queues[0]!.depth;
    const count = (states: string[]) =>
      states.flatMap((state) => Object.values(depth[state] ?? {})).reduce((a, b) => a + b, 0);
    const open = count(["available", "running", "scheduled", "retrying"]);
    const ended = count(["completed", "failed", "cancelled"]);
    if (open === 0 && ended >= order.jobs) {
      said = true;
      say("drained", { ended });
    }
  }
}
