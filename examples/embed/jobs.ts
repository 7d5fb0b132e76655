/** The job engine alone, in a program of your own: `deno run -A --unstable-kv jobs.ts`. */
import { z } from "zod";
import {
  complete,
  Database,
  defineJob,
  enqueueMany,
  JobEngine,
  silentLogger,
  systemClock,
} from "@pixel/performance/jobs";

const db = await Database.open({ path: Deno.args[0] ?? ":memory:" });

/** Adds a number to a sum, exactly once however often it is tried. */
const add = defineJob({
  kind: "add",
  queue: "sums",
  payload: z.object({ n: z.number() }),
  backoff: () => 1,
  perform({ payload, attempt }) {
    if (payload.n % 7 === 0 && attempt === 1) throw new Error("not at the first try");
    return complete(null, async (tx) => {
      const sum = await db.kv.get<number>(["sum"]);
      tx.check(sum.key, sum.versionstamp).set(sum.key, (sum.value ?? 0) + payload.n);
    });
  },
});

const engine = new JobEngine({
  db,
  clock: systemClock,
  log: silentLogger,
  queues: { sums: 4 },
  worker: "example",
}).register(add);

await engine.start();
const ids = await enqueueMany(engine, add, Array.from({ length: 100 }, (_, n) => ({ n })));
for (const id of ids) await engine.whenEnded(id, 10_000);
console.log((await db.kv.get(["sum"])).value);
await engine.stop();
await db.close();
await engine.closed();
