import assert from "node:assert/strict";
import { type Clock, FakeClock, systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { AnyDefinition, JobKind } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import type { EngineEvent } from "./events.ts";
import type { Job } from "./job.ts";
import { isTerminal } from "./job.ts";
import { timerPrefix } from "./keys.ts";

export { FakeClock };

/** How the jobs of a `drain` ended. */
export interface Drained {
  completed: number;
  failed: number;
  cancelled: number;
}

/** What an enqueued job must be like. Absent fields may be anything. */
export interface Expected<P> {
  /** Fields that its payload has, compared deeply; it may have others. */
  payload?: Partial<P>;
  queue?: string;
  priority?: number;
  /** When it is due, milliseconds UTC. */
  runAt?: number;
  /** How many there are; at least one when absent. */
  count?: number;
}

/** An engine on a database of its own, for tests of whoever uses the engine. */
export interface TestEngine extends AsyncDisposable {
  engine: JobEngine;
  db: Database;
  /** Resolves with the first event, from now on, that `matches`. */
  event(matches: (event: EngineEvent) => boolean): Promise<EngineEvent>;
  /** Resolves when nothing is available, retrying or running any more. */
  drained(): Promise<void>;
  /**
   * Performs all that is due, also what that enqueues, and says how it ended. With `future` also what
   * waits for a time, retries and snoozes among it: the FakeClock is moved on to each in turn. Paused
   * queues are left alone. Throws a RangeError when there is no end after `maxMoves` (1,000) of them.
   */
  drain(options?: { future?: boolean; maxMoves?: number }): Promise<Drained>;
  /** Unfinished jobs of a kind that are as expected. Throws an AssertionError where there is none. */
  assertEnqueued<P>(kind: JobKind<P>, expected?: Expected<P>): Promise<Job[]>;
}

export interface TestEngineOptions {
  definitions: AnyDefinition[];
  queues?: Record<string, number>;
  clock?: Clock;
  /** In memory when absent. */
  path?: string;
  start?: boolean;
  log?: Logger;
}

/** Opens a database in memory and an engine that works on it. Dispose of it to stop both. */
export async function openTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const { definitions, clock = systemClock, path = ":memory:", start = true, log = silentLogger } =
    options;
  const queues = options.queues ??
    Object.fromEntries(definitions.map((definition) => [definition.queue, 10]));
  const db = await Database.open({ path });
  const engine = new JobEngine({ db, clock, log, queues, worker: "test" })
    .register(...definitions);
  if (start) await engine.start();
  let started = start;
  return {
    engine,
    db,
    event(matches) {
      const { promise, resolve } = Promise.withResolvers<EngineEvent>();
      const end = engine.events.subscribe((event) => {
        if (!matches(event)) return;
        end();
        resolve(event);
      });
      return promise;
    },
    async drained() {
      const isOpen = async () =>
        (await engine.queues()).some(({ depth }) =>
          ["available", "running", "retrying"].some((state) =>
            Object.values(depth[state] ?? {}).some((count) => count > 0)
          )
        );
      while (await isOpen()) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const end = engine.events.subscribe(() => resolve());
        const cancel = systemClock.after(50, resolve);
        await promise;
        cancel();
        end();
      }
    },
    async drain({ future = false, maxMoves = 1_000 } = {}) {
      const ended = { completed: 0, failed: 0, cancelled: 0 };
      const end = engine.events.subscribe((event) => {
        if ("id" in event && isTerminal(event.state)) ended[event.state as keyof Drained]++;
      });
      try {
        if (!started) await engine.start();
        started = true;
        for (let moves = 0;; moves++) {
          const nextAt = await settled(engine);
          if (!future || nextAt === Infinity) return ended;
          if (!(clock instanceof FakeClock)) throw new TypeError("only a FakeClock can be moved");
          if (moves === maxMoves) throw new RangeError("its jobs wait for ever new times");
          clock.advance(nextAt - clock.now());
        }
      } finally {
        end();
      }
    },
    assertEnqueued: (kind, expected) => assertEnqueued(engine, kind, expected),
    async [Symbol.asyncDispose]() {
      await engine.stop(1_000);
      await db.close();
      await engine.closed();
    },
  };
}

const MAX_LISTED = 10_000;
const LOOK_MS = 5;

/** Waits until nothing that is due is left in queues that are not paused; then, when the next is due. */
async function settled(engine: JobEngine): Promise<number> {
  const { clock, db } = engine.options;
  for (;;) {
    let nextAt = Infinity;
    let busy = false;
    for (const { name, depth, paused } of await engine.queues()) {
      if (paused) continue;
      for (const state of ["available", "running"]) {
        busy ||= Object.values(depth[state] ?? {}).some((count) => count > 0);
      }
      const timers = db.kv.list({ prefix: timerPrefix(name, 0) }, { limit: 1 });
      for await (const { key } of timers) nextAt = Math.min(nextAt, Number(key[4]));
    }
    if (!busy && nextAt > clock.now()) return nextAt;
    // What was read before the clock was moved on is waited for by a timer whose time is over.
    if (clock instanceof FakeClock) clock.advance(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = engine.events.subscribe(() => resolve());
    const cancel = systemClock.after(LOOK_MS, resolve);
    await promise;
    cancel();
    end();
  }
}

/**
 * The unfinished jobs of a kind that are as expected, oldest first. Throws an AssertionError that
 * names the jobs there are when none fits, or not as many as `count`.
 */
export async function assertEnqueued<P>(
  engine: Pick<JobEngine, "list">,
  kind: JobKind<P>,
  expected: Expected<P> = {},
): Promise<Job[]> {
  const { count, payload, ...fields } = expected;
  const { jobs } = await engine.list({ kind: kind.kind, limit: MAX_LISTED });
  const open = jobs.filter((job) => job.kind === kind.kind && job.finishedAt === undefined);
  const fits = open.filter((job) => contains(job, payload ? { ...fields, payload } : fields));
  const isRight = count === undefined ? fits.length > 0 : fits.length === count;
  if (isRight) return fits.reverse();
  const told = open.slice(0, 20).map(({ queue, priority, runAt, payload }) =>
    JSON.stringify({ queue, priority, runAt, payload })
  );
  throw new assert.AssertionError({
    message: `${count ?? "at least 1"} task of kind ${kind.kind} like ` +
      `${JSON.stringify(expected)} was expected, ${fits.length} of these are:\n${told.join("\n")}`,
    actual: fits.length,
    expected: count ?? 1,
    operator: "assertEnqueued",
  });
}

function contains(actual: object, expected: object): boolean {
  try {
    assert.partialDeepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}
