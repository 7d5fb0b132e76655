import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { silentLogger } from "../log.ts";
import { complete, defineJob, JobError, type PerformResult, snooze } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import type { JobState } from "./job.ts";
import { recount } from "./recount.ts";

const BACKOFF_MS = 1_000;
const SNOOZE_MS = 700;
/** What the engine shows only after this long it will never show. */
const LONGEST_MS = 20_000;
const MAX_ATTEMPTS = 3;

/** What the model knows of one job. */
interface Modelled {
  state: JobState;
  attempt: number;
  runAt?: number;
  held?: boolean;
  unique?: string;
  effects: number;
}

/** The engine's behaviour in a few lines: what is due runs, unless the queue is paused. */
class Model {
  readonly jobs: Modelled[] = [];
  paused = false;
  now = 0;

  holder(unique: string): number {
    return this.jobs.findIndex((job) => job.unique === unique && !isOver(job));
  }

  /** Lets time do its work. */
  settle(): void {
    for (const job of this.jobs) {
      if (isOver(job) || job.held) continue;
      const due = job.runAt === undefined || job.runAt <= this.now;
      if (!due || job.state === "running") continue;
      job.state = this.paused ? "available" : "running";
    }
  }
}

const isOver = ({ state }: Modelled) =>
  state === "completed" || state === "failed" || state === "cancelled";

type Ending = "ok" | "fail" | "permanent" | "odd" | "snooze";

/** The real engine, with handlers that end when they are told to. */
class Real {
  readonly ids: string[] = [];
  readonly clock = new FakeClock(0);
  readonly #gates = new Map<string, PromiseWithResolvers<Ending>>();
  readonly #job = defineJob({
    kind: "work",
    queue: "default",
    payload: z.object({ n: z.number() }),
    maxAttempts: MAX_ATTEMPTS,
    timeoutMs: 1e12,
    backoff: () => BACKOFF_MS,
    perform: ({ id, payload }) => this.#perform(id, payload.n),
  });
  #engine: JobEngine;

  private constructor(public db: Database) {
    this.#engine = this.#newEngine();
  }

  static async start(): Promise<Real> {
    const real = new Real(await Database.open({ path: ":memory:" }));
    await real.#engine.start();
    return real;
  }

  get engine(): JobEngine {
    return this.#engine;
  }

  async enqueue(options: { priority: number; runAt?: number; unique?: string; held?: boolean }) {
    const n = this.ids.length;
    const id = await this.#engine.enqueue(this.#job, { n }, {
      priority: options.priority,
      runAt: options.runAt,
      uniqueKey: options.unique,
      heldBy: options.held ? "somebody" : undefined,
    });
    if (!this.ids.includes(id)) this.ids.push(id);
    return id;
  }

  finish(index: number, ending: Ending): void {
    this.#gates.get(this.ids[index]!)!.resolve(ending);
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#gates.clear();
    this.#engine = this.#newEngine();
    await this.#engine.start();
  }

  async stop(): Promise<void> {
    const stopped = this.#engine.stop(0);
    this.clock.advance(0);
    await stopped;
  }

  #newEngine(): JobEngine {
    const { db, clock } = this;
    const queues = { default: 1_000 };
    return new JobEngine({ db, clock, log: silentLogger, queues, worker: crypto.randomUUID() })
      .register(this.#job);
  }

  async #perform(id: string, n: number): Promise<PerformResult> {
    const gate = Promise.withResolvers<Ending>();
    this.#gates.set(id, gate);
    switch (await gate.promise) {
      case "fail":
        throw new Error("as told");
      case "permanent":
        throw new JobError("as told", { permanent: true });
      case "odd":
        throw undefined;
      case "snooze":
        return snooze(SNOOZE_MS);
      case "ok":
        return complete(n, (tx) => void tx.sum(["effect", n], 1));
    }
  }
}

/** Waits until the engine shows what the model says, and fails with the difference if it never does. */
async function agree(model: Model, real: Real): Promise<void> {
  model.settle();
  const expected = model.jobs.map((job) => `${job.state} ${job.attempt}`);
  let shown: string[] = [];
  const endsAt = performance.now() + LONGEST_MS;
  for (let i = 0; performance.now() < endsAt; i++) {
    const views = await Promise.all(real.ids.map((id) => real.engine.get(id)));
    shown = views.map((view) => `${view?.state} ${view?.attempt}`);
    if (shown.join() === expected.join()) return;
    await new Promise((resolve) => setTimeout(resolve, i < 50 ? 0 : 5));
    real.clock.advance(0); // a timer that was set for a time already past
  }
  assert.deepEqual(shown, expected);
}

type Command = fc.AsyncCommand<Model, Real>;

/** A command that is always possible; `text` names it in a counterexample. */
function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real);
      await agree(model, real);
    },
    toString: () => text,
  };
}

/** A command on one of the jobs that `fits`. */
function onJob(
  text: string,
  pick: number,
  fits: (job: Modelled) => boolean,
  run: (job: Modelled, index: number, model: Model, real: Real) => Promise<void>,
): Command {
  const candidates = (model: Readonly<Model>) =>
    model.jobs.map((job, index) => ({ job, index })).filter(({ job }) => fits(job));
  return {
    check: (model) => candidates(model).length > 0,
    async run(model, real) {
      const all = candidates(model);
      const { job, index } = all[pick % all.length]!;
      await run(job, index, model, real);
      await agree(model, real);
    },
    toString: () => `${text}(${pick})`,
  };
}

const enqueue = (priority: number, delay: number, unique: string | undefined, held: boolean) =>
  command(`enqueue(${priority}, ${delay}, ${unique}, ${held})`, async (model, real) => {
    const holder = unique === undefined ? -1 : model.holder(unique);
    const runAt = delay > 0 ? model.now + delay : undefined;
    const id = await real.enqueue({ priority, runAt, unique, held });
    if (holder >= 0) return assert.equal(id, real.ids[holder]);
    const state = held || delay > 0 ? "scheduled" : "available";
    model.jobs.push({
      state,
      attempt: 0,
      runAt: held ? undefined : runAt,
      held,
      unique,
      effects: 0,
    });
  });

const finish = (pick: number, ending: Ending) =>
  onJob(`finish ${ending}`, pick, (job) => job.state === "running", (job, index, model, real) => {
    real.finish(index, ending);
    if (ending === "ok") {
      job.state = "completed";
      job.effects++;
    } else if (ending === "snooze") {
      job.state = "scheduled";
      job.runAt = model.now + SNOOZE_MS;
    } else {
      job.attempt++;
      const final = ending === "permanent" || job.attempt >= MAX_ATTEMPTS;
      job.state = final ? "failed" : "retrying";
      job.runAt = final ? undefined : model.now + BACKOFF_MS;
    }
    return Promise.resolve();
  });

const cancel = (pick: number) =>
  onJob("cancel", pick, () => true, async (job, index, _model, real) => {
    const cancelling = real.engine.cancel(real.ids[index]!, "model");
    if (isOver(job)) return await refused(cancelling);
    await cancelling;
    job.state = "cancelled";
    job.runAt = undefined;
    job.held = false;
  });

const retry = (pick: number) =>
  onJob("retry", pick, () => true, async (job, index, model, real) => {
    const retrying = real.engine.retry(real.ids[index]!);
    const possible = job.state === "failed" || job.state === "cancelled";
    const taken = job.unique !== undefined && model.holder(job.unique) >= 0;
    if (!possible || taken) return await refused(retrying);
    await retrying;
    Object.assign(job, { state: "scheduled", attempt: 0, runAt: model.now });
  });

const release = (pick: number) =>
  onJob("release", pick, (job) => job.held === true, async (job, index, model, real) => {
    const tx = new WriteSet();
    await real.engine.release(tx, real.ids[index]!);
    await real.db.commit(tx);
    job.held = false;
    job.runAt = model.now;
  });

const refused = (promise: Promise<unknown>) =>
  assert.rejects(promise, (error: AppError) => error.code === "conflict");

const advance = (ms: number) =>
  command(`advance(${ms})`, (model, real) => {
    real.clock.advance(ms);
    model.now += ms;
    return Promise.resolve();
  });

const pause = command("pause", async (model, real) => {
  await real.engine.pause("default", "model");
  model.paused = true;
});
const resume = command("resume", async (model, real) => {
  await real.engine.resume("default", "model");
  model.paused = false;
});
const restart = command("restart", async (model, real) => {
  await real.restart();
  // What ran was interrupted and waits again as it did before.
  for (const job of model.jobs) if (job.state === "running") job.state = "available";
});

const pick = fc.nat(1_000);
const commands = fc.commands([
  fc.tuple(
    fc.nat(9),
    fc.constantFrom(0, 0, 0, 500, 5_000),
    fc.constantFrom(undefined, undefined, "a", "b"),
    fc.constantFrom(false, false, false, true),
  ).map((args) => enqueue(...args)),
  fc.tuple(pick, fc.constantFrom<Ending>("ok", "fail", "permanent", "odd", "snooze"))
    .map((args) => finish(...args)),
  pick.map((n) => finish(n, "ok")),
  pick.map(cancel),
  pick.map(retry),
  pick.map(release),
  fc.constantFrom(1, 500, BACKOFF_MS, 10_000, 100_000).map(advance),
  fc.constant(pause),
  fc.constant(resume),
  fc.constant(restart),
], { maxCommands: 40 });

Deno.test({
  name: "whatever is done in whatever order, the engine does what a plain model does",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const long = Deno.env.get("TEST_LONG") === "1";
    const seed = Number(Deno.env.get("TEST_SEED") ?? 1) | 0;
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const model = new Model();
        const real = await Real.start();
        try {
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          for (const [n, job] of model.jobs.entries()) {
            const { value } = await real.db.kv.get<Deno.KvU64>(["effect", n]);
            assert.equal(Number(value?.value ?? 0), job.effects, `effects of job ${n}`);
          }
          assert.deepEqual((await recount(real.db.kv)).differences, []);
        } finally {
          await real.stop();
          await real.db.close();
          await real.engine.closed();
        }
      }),
      { numRuns: long ? 3_000 : 60, seed, endOnFailure: false, interruptAfterTimeLimit: undefined },
    );
  },
});
