import assert from "node:assert/strict";
import { z } from "zod";
import { declareJob } from "../../lib/jobs/definition.ts";
import { openTestEngine } from "../../lib/jobs/testing.ts";
import { WorkerPool } from "../../lib/jobs/worker_pool.ts";

const heavy = declareJob({
  kind: "heavy",
  queue: "heavy",
  payload: z.object({ what: z.string(), n: z.number() }),
  maxAttempts: 1,
});
const module = new URL("../support/heavy_worker.ts", import.meta.url);

Deno.test("heavy jobs run in threads, without the permissions of the service", async () => {
  using pool = new WorkerPool({ module, size: 1 });
  await using t = await openTestEngine({ definitions: [pool.handle(heavy)] });
  const run = async (what: string, n = 0) => {
    const id = await t.engine.enqueue(heavy, { what, n });
    assert.ok(await t.engine.whenEnded(id, 60_000));
    return (await t.engine.get(id))!;
  };
  const told = t.event((event) => event.type === "job.progress");
  assert.equal((await run("sum", 1_000)).result, 500_500);
  assert.equal((await told as { message?: string }).message, "half");
  const read = await run("read");
  assert.equal(read.state, "failed");
  assert.match(read.errors!.at(-1)!.message, /read access/);
  assert.equal((await run("refuse")).errors!.at(-1)!.code, "refused");
  assert.equal((await run("crash")).errors!.at(-1)!.code, "worker_crashed");
  assert.equal((await run("sum", 10)).result, 55, "a new thread takes its place");
});

Deno.test("a thread that never ends is ended, by cancelling and by its time-out", async () => {
  using pool = new WorkerPool({ module, size: 1 });
  await using t = await openTestEngine({ definitions: [pool.handle(heavy)] });
  const started = t.event((event) => event.type === "job.started");
  const endless = await t.engine.enqueue(heavy, { what: "forever", n: 0 });
  const next = await t.engine.enqueue(heavy, { what: "sum", n: 3 });
  await started;
  await t.engine.cancel(endless, "enough");
  assert.ok(await t.engine.whenEnded(next, 60_000));
  assert.equal((await t.engine.get(next))!.result, 6);
  const options = { timeoutMs: 500 };
  const late = await t.engine.enqueue(heavy, { what: "forever", n: 0 }, options);
  assert.ok(await t.engine.whenEnded(late, 60_000));
  assert.equal((await t.engine.get(late))!.errors!.at(-1)!.code, "timeout");
  const last = await t.engine.enqueue(heavy, { what: "sum", n: 4 });
  assert.ok(await t.engine.whenEnded(last, 60_000));
  assert.equal((await t.engine.get(last))!.result, 10);
});
