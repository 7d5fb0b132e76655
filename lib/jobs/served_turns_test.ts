import assert from "node:assert/strict";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { FakeClock, systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { enqueueMany } from "./bulk.ts";
import { defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { servedKey } from "./keys.ts";

const LEASE_MS = 60_000;
const FLOOD = 5_000;
/** What a worker may have claimed ahead, at most. */
const CLAIMED_AHEAD = 600;

/** One of several processes on a database file, with a handle of its own. */
async function open(path: string, name: string, perform: (key: string) => Promise<void> | void) {
  const clock = new FakeClock();
  const db = await Database.open({ path, shared: true });
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload: z.object({ key: z.string() }),
    perform: ({ payload }) => perform(payload.key),
  });
  const options = { db, clock, log: silentLogger, worker: name, leaseMs: LEASE_MS };
  const engine = new JobEngine({ ...options, queues: { default: 1 } }).register(job);
  return {
    clock,
    db,
    engine,
    add: (key: string, count: number) =>
      enqueueMany(engine, job, Array.from({ length: count }, () => ({ key })), { fairKey: key }),
    async [Symbol.asyncDispose]() {
      await engine.stop(1_000);
      await db.close();
      await engine.closed();
    },
  };
}

/** Looks again and again until it holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise<void>((resolve) => void systemClock.after(5, resolve));
}

Deno.test("a flood enqueued elsewhere, before anybody serves it, does not delay another's job", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  await using web = await open(path, "web", () => {});
  await web.engine.follow();
  await web.add("a", FLOOD);
  web.clock.advance(60_000);
  await web.engine.load();
  await web.add("b", 1);
  const performed: string[] = [];
  const found = Promise.withResolvers<void>();
  await using worker = await open(path, "worker", (key) => {
    performed.push(key);
    if (key === "b") found.resolve();
  });
  await worker.engine.start();
  await found.promise;
  assert.ok(performed.length <= 5, `${performed.length} went before it`);
});

Deno.test("nor does one that a worker is in the middle of", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const performed: string[] = [];
  let step = Promise.withResolvers<void>();
  let started = Promise.withResolvers<void>();
  await using web = await open(path, "web", () => {});
  await web.engine.follow();
  const flood = await web.add("a", FLOOD);
  await using worker = await open(path, "worker", async (key) => {
    performed.push(key);
    started.resolve();
    await step.promise;
  });
  const next = async () => {
    const before = step;
    step = Promise.withResolvers<void>();
    started = Promise.withResolvers<void>();
    before.resolve();
    await started.promise;
  };
  await worker.engine.start();
  await started.promise;
  // It has read what it keeps in memory, and is far behind the clock.
  for (let n = 0; n < 1_000; n++) await next();
  const key = servedKey("default", 0, 5);
  const told = (await web.db.kv.get<number>(key)).value ?? 0;
  for (let n = 0; n < 600; n++) await next();
  await until(async () => Number((await web.db.kv.get<number>(key)).value ?? 0) > told);
  web.clock.advance(60_000);
  await web.engine.load();
  const [quiet] = await web.add("b", 1);
  const [nextOfFlood] = flood.slice(performed.length + CLAIMED_AHEAD);
  assert.ok(quiet! < nextOfFlood!, "it stands before what is left of the flood");
  step.resolve();
});

Deno.test("what one process pauses and resumes, another hears", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  await using web = await open(path, "web", () => {});
  await using worker = await open(path, "worker", () => {});
  await worker.engine.start();
  const isPaused = async () => {
    await worker.engine.load();
    return (await worker.engine.queues())[0]!.paused !== null;
  };
  await web.engine.pause("default", "ada");
  assert.equal(await isPaused(), true);
  await web.engine.resume("default", "ada");
  assert.equal(await isPaused(), false);
});
