/* One case of the jobs bench on graphile-worker: node graphile_worker.mjs CASE COUNT URL tuned|defaults */
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const { makeWorkerUtils, run, Logger } = require("graphile-worker");
const { Pool } = require("pg");

const [name, amount, connectionString, tuning] = process.argv.slice(2);
const count = Number(amount);
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const pool = new Pool({ connectionString, max: 50 });
const CHUNK = 500;
const TUNED = {
  worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
};
let started = () => {};
let performed = 0;

async function bulk() {
  const under = [];
  for (let from = 0; from < count; from += CHUNK) {
    const specs = [];
    for (let n = from; n < Math.min(count, from + CHUNK); n++) {
      specs.push({ identifier: "noop", payload: { n } });
    }
    under.push(pool.query(
      "select from graphile_worker.add_jobs(array(select json_populate_recordset(null::graphile_worker.job_spec, $1::json)))",
      [JSON.stringify(specs)],
    ));
    if (under.length === 4) await under.shift();
  }
  await Promise.all(under);
}

const work = () =>
  run({
    connectionString,
    concurrency: 100,
    logger,
    noHandleSignals: true,
    taskList: {
      noop: () => {
        performed++;
        return Promise.resolve(started(performance.now()));
      },
    },
    ...(tuning === "tuned" ? { preset: TUNED } : {}),
  });

/** Until the last job is gone. The table is looked at only then: each look reads its dead rows. */
async function empty() {
  while (performed < count) await new Promise((resolve) => setTimeout(resolve, 5));
  for (;;) {
    const { rows } = await pool.query("select from graphile_worker._private_jobs limit 1");
    if (rows.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
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
        for (let n = caller; n < count; n += 50) {
          await pool.query(
            "select from graphile_worker.add_job('noop', json_build_object('n', $1::int))",
            [n],
          );
        }
      }))
    ),
  async drain() {
    await bulk();
    return await rate(async () => {
      await work();
      await empty();
    });
  },
  e2e: () =>
    rate(async () => {
      await work();
      await bulk();
      await empty();
    }),
  async latency() {
    await work();
    const waits = [];
    for (let n = 0; n < count; n++) {
      const begun = new Promise((resolve) => started = resolve);
      const from = performance.now();
      await utils.addJob("noop", { n });
      waits.push(await begun - from);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    waits.sort((a, b) => a - b);
    const at = (q) => waits[Math.min(count - 1, Math.ceil(q * count) - 1)];
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  },
};

console.log(JSON.stringify(await CASES[name]()));
process.exit(0);
