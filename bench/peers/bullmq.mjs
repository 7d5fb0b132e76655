/* One case of the jobs bench on BullMQ: node bullmq.mjs CASE COUNT PORT */
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const { Queue, Worker } = require("bullmq");

const [name, amount, port] = process.argv.slice(2);
const count = Number(amount);
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
const queue = new Queue("bench", { connection });
const CHUNK = 500;
let started = () => {};

async function bulk() {
  const under = [];
  for (let from = 0; from < count; from += CHUNK) {
    const jobs = [];
    for (let n = from; n < Math.min(count, from + CHUNK); n++) {
      jobs.push({ name: "noop", data: { n } });
    }
    under.push(queue.addBulk(jobs));
    if (under.length === 4) await under.shift();
  }
  await Promise.all(under);
}

/** A worker, and a promise for when so many jobs are acknowledged by Redis. */
function work(many) {
  const worker = new Worker("bench", () => Promise.resolve(started(performance.now())), {
    connection,
    concurrency: 100,
  });
  let done = 0;
  const completed = new Promise((resolve) =>
    worker.on("completed", () => ++done === many && resolve())
  );
  return { worker, completed };
}

async function rate(task) {
  const from = performance.now();
  await task();
  return { value: count / (performance.now() - from) * 1000 };
}

const CASES = {
  bulk: () => rate(bulk),
  single50: () =>
    rate(() =>
      Promise.all(Array.from({ length: 50 }, async (_, caller) => {
        for (let n = caller; n < count; n += 50) await queue.add("noop", { n });
      }))
    ),
  async drain() {
    await bulk();
    return await rate(() => work(count).completed);
  },
  e2e: () =>
    rate(async () => {
      const { completed } = work(count);
      await bulk();
      await completed;
    }),
  async latency() {
    const { worker } = work(count);
    await worker.waitUntilReady();
    const waits = [];
    for (let n = 0; n < count; n++) {
      const begun = new Promise((resolve) => started = resolve);
      const from = performance.now();
      await queue.add("noop", { n });
      waits.push(await begun - from);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    waits.sort((a, b) => a - b);
    const at = (q) => waits[Math.min(count - 1, Math.ceil(q * count) - 1)];
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  },
};

await queue.waitUntilReady();
console.log(JSON.stringify(await CASES[name]()));
process.exit(0);
