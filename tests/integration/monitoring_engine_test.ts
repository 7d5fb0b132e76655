import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../../lib/clock.ts";
import { complete, defineJob } from "../../lib/jobs/definition.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { Scheduler } from "../../lib/jobs/scheduler.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";
import { EngineWatch, scheduleStates } from "../../lib/monitoring/engine_watch.ts";
import { type MetricsPorts, ServiceMetrics } from "../../lib/monitoring/service_metrics.ts";

const clock = systemClock;
const log = silentLogger;

Deno.test("a real engine's queues, latency and outcomes reach health, history and metrics", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const gate = Promise.withResolvers<void>();
  const answer = defineJob({
    kind: "answer",
    queue: "conversations",
    payload: z.object({ wait: z.boolean() }),
    maxAttempts: 1,
    async perform({ payload }) {
      if (!payload.wait) throw new Error("no answer");
      await gate.promise;
      return complete();
    },
  });
  const queues = { conversations: 1, default: 1 };
  const engine = new JobEngine({ db, clock, log, queues, worker: "w" }).register(answer);
  const watch = new EngineWatch(engine);
  const metrics = new ServiceMetrics({} as MetricsPorts);
  watch.countInto(metrics);
  await engine.start();
  const started = Promise.withResolvers<void>();
  const stopListening = engine.events.subscribe((event) => {
    if (event.type === "job.started") started.resolve();
  });
  const first = await engine.enqueue(answer, { wait: true });
  await started.promise;
  const second = await engine.enqueue(answer, { wait: false });

  const [load] = (await watch.queueLoads()).filter((queue) => queue.name === "conversations");
  assert.deepEqual({ ...load, oldestWaitingSeconds: 0 }, {
    name: "conversations",
    waiting: 1,
    running: 1,
    oldestWaitingSeconds: 0,
    paused: false,
  });
  assert.deepEqual(await watch.load(), { queueDepth: 1, latencyMs: null });
  await engine.pause("default", "someone");
  assert.ok((await watch.queueLoads()).find((queue) => queue.name === "default")!.paused);

  gate.resolve();
  for (const id of [first, second]) assert.ok(await engine.whenEnded(id, 60_000));
  const { queueDepth, latencyMs } = await watch.load();
  assert.equal(queueDepth, 0);
  assert.ok(latencyMs! > 0 && latencyMs! < 60_000);
  assert.equal((await watch.load()).latencyMs, null, "each call tells of what is new");
  assert.deepEqual(
    metrics.jobs.family().samples.map(({ labels, value }) => [labels!.outcome, value]).sort(),
    [["completed", 1], ["failed", 1]],
  );
  stopListening();
  watch.close();
  await engine.stop();
  assert.equal(engine.events.active, false);
});

Deno.test("a schedule is overdue when the tick after its last run has passed", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const probe = defineJob({
    kind: "probe",
    queue: "default",
    payload: z.object({}),
    perform: () => Promise.resolve(complete()),
  });
  const engine = new JobEngine({ db, clock, log, queues: { default: 1 }, worker: "w" })
    .register(probe);
  const scheduler = new Scheduler({ db, clock, log, engine }, [{
    name: "hourly",
    timing: { everyMs: 3_600_000 },
    description: "A probe.",
    enqueue: (tx) => engine.prepare(tx, probe, {}),
  }]);
  const now = clock.now();
  const nextHour = (Math.floor(now / 3_600_000) + 1) * 3_600_000;
  const dueAt = async (since: number) => (await scheduleStates(scheduler, since))[0]!.dueAt;
  assert.equal(await dueAt(now), nextHour);
  assert.equal(await dueAt(now - 2 * 3_600_000), nextHour - 2 * 3_600_000);
  await scheduler.runNow("hourly", "someone");
  assert.equal(await dueAt(now - 2 * 3_600_000), nextHour);
});
