import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import type { AnyDefinition } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import type { EngineEvent } from "./events.ts";

/** An engine on a database of its own, for tests of whoever uses the engine. */
export interface TestEngine extends AsyncDisposable {
  engine: JobEngine;
  db: Database;
  /** Resolves with the first event, from now on, that `matches`. */
  event(matches: (event: EngineEvent) => boolean): Promise<EngineEvent>;
  /** Resolves when nothing is available, due or running any more. */
  drained(): Promise<void>;
}

export interface TestEngineOptions {
  definitions: AnyDefinition[];
  queues?: Record<string, number>;
  clock?: Clock;
  /** In memory when absent. */
  path?: string;
  start?: boolean;
}

/** Opens a database in memory and an engine that works on it. Dispose of it to stop both. */
export async function openTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const { definitions, clock = systemClock, path = ":memory:", start = true } = options;
  const queues = options.queues ??
    Object.fromEntries(definitions.map((definition) => [definition.queue, 10]));
  const db = await Database.open({ path });
  const engine = new JobEngine({ db, clock, log: silentLogger, queues, worker: "test" })
    .register(...definitions);
  if (start) await engine.start();
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
    async [Symbol.asyncDispose]() {
      await engine.stop(1_000);
      await db.close();
      await engine.closed();
    },
  };
}
