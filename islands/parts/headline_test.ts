import assert from "node:assert/strict";
import { headline } from "./headline.ts";
import type { HealthReport } from "../../lib/wire/system.ts";
import type { QueueInfo } from "../../lib/wire/tasks.ts";

const nothing = { health: null, queues: null, active: null, summary: null };
const health = (status: HealthReport["status"], checks: HealthReport["checks"] = []) =>
  ({ status, checks }) as HealthReport;
const queue = (name: string, waiting: number, oldest: number | null, paused = false) =>
  ({
    name,
    depth: { by_status: { queued: waiting, retrying: 1, running: 4 } },
    oldest_waiting_seconds: oldest,
    paused,
  }) as unknown as QueueInfo;

Deno.test("the health word comes with its worst reason", () => {
  assert.deepEqual(headline({ ...nothing, health: health("healthy") }), {
    tone: "ok",
    title: "All well",
    work: "",
  });
  const checks: HealthReport["checks"] = [
    { name: "database", status: "healthy" },
    { name: "redis", status: "degraded", detail: "Redis does not answer." },
    { name: "disk_space", status: "unhealthy" },
  ];
  const bad = headline({ ...nothing, health: health("unhealthy", checks) });
  assert.equal(bad.title, "Unhealthy: Disk space, and 1 more");
  assert.equal(bad.tone, "bad");
  const degraded = headline({ ...nothing, health: health("degraded", checks.slice(0, 2)) });
  assert.equal(degraded.title, "Degraded: Redis does not answer");
  assert.equal(headline(nothing).title, "Health could not be read");
});

Deno.test("waiting sums every queue, tells the oldest and names what is paused", () => {
  const { work } = headline({
    ...nothing,
    queues: [queue("default", 2, 0.4), queue("conversations", 10, 75, true)],
    active: { active_tasks: [], task_count: 4 },
  });
  assert.equal(work, "14 tasks waiting, the oldest 1 min 15 s; paused: conversations; 4 running.");
});
