/** One case of the jobs bench on this project's engine, in a process of its own. */
import process from "node:process";
import { z } from "zod";
import { systemClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { defineJob } from "../../lib/jobs/definition.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { silentLogger } from "../../lib/log.ts";

const [name, amount, folder, concurrency = "100"] = Deno.args as [string, string, string, string?];
const count = Number(amount);
const CHUNK = 500;

let performed = 0;
let started: (at: number) => void = () => {};
const noop = defineJob({
  kind: "noop",
  queue: "default",
  payload: z.object({ n: z.number() }),
  perform() {
    performed++;
    started(performance.now());
  },
});
const db = await Database.open({ path: `${folder}/kv.sqlite` });
const queues = { default: Number(concurrency) };
const engine = new JobEngine({ db, clock: systemClock, log: silentLogger, queues, worker: "bench" })
  .register(noop);
let queued = 0;

/** Queues `amount` jobs, 500 an atomic, up to four of them under way. */
async function bulk(amount: number): Promise<void> {
  const under: Promise<boolean>[] = [];
  for (let from = 0; from < amount; from += CHUNK) {
    const tx = new WriteSet();
    for (let n = from; n < Math.min(amount, from + CHUNK); n++) engine.prepare(tx, noop, { n });
    under.push(db.commit(tx));
    if (under.length === 4) await under.shift();
  }
  await Promise.all(under);
  queued += amount;
}

async function callers(many: number, amount: number): Promise<void> {
  const callers = Array.from({ length: many }, async (_, caller) => {
    for (let n = caller; n < amount; n += many) await engine.enqueue(noop, { n });
  });
  await Promise.all(callers);
  queued += amount;
}

/** Until so many jobs are completed, durably. */
async function completed(amount: number): Promise<void> {
  for (;;) {
    const depth = (await engine.queues())[0]!.depth["completed"] ?? {};
    if (Object.values(depth).reduce((a, b) => a + b, 0) >= amount) return;
    await new Promise((resolve) => setTimeout(resolve, performed >= amount ? 1 : 10));
  }
}

/** Jobs a second, and the CPU time of the whole process for each, microseconds. */
async function rate(amount: number, work: () => Promise<void>) {
  const from = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const value = amount / (performance.now() - from) * 1000;
  return { value, cpuUs: (user + system) / amount };
}

const CASES: Record<string, () => Promise<Record<string, number>>> = {
  bulk: () => rate(count, () => bulk(count)),
  single50: () => rate(count, () => callers(50, count)),
  async drain() {
    await bulk(count);
    return await rate(count, async () => {
      await engine.start();
      await completed(count);
    });
  },
  async e2e() {
    await engine.start();
    return await rate(count, async () => {
      await bulk(count);
      await completed(count);
    });
  },
  async latency() {
    await engine.start();
    const waits: number[] = [];
    for (let n = 0; n < count; n++) {
      const { promise, resolve } = Promise.withResolvers<number>();
      started = resolve;
      const from = performance.now();
      await engine.enqueue(noop, { n });
      waits.push(await promise - from);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    waits.sort((a, b) => a - b);
    const at = (q: number) => waits[Math.min(waits.length - 1, Math.ceil(q * waits.length) - 1)]!;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  },
  /** RSS that so many waiting jobs cost, and how fast the first 20,000 of them go. */
  async backlog() {
    // The first ones warm the process up: its heap grows to what it works with in any case.
    const warm = Math.min(count / 2, 20_000);
    await bulk(warm);
    const before = Deno.memoryUsage().rss;
    await bulk(count - warm);
    const rssMb = (Deno.memoryUsage().rss - before) / 1e6;
    const share = Math.min(count, 20_000);
    const { value } = await rate(share, async () => {
      await engine.start();
      while (performed < share) await new Promise((resolve) => setTimeout(resolve, 2));
    });
    return { value, rssMb };
  },
};

console.log(JSON.stringify(await CASES[name]!()));
Deno.exit(0);
