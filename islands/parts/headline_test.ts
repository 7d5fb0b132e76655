import assert from "node:assert/strict";
import { headline, trend } from "./headline.ts";
import type { History } from "../../lib/wire/history.ts";
import type { HealthReport } from "../../lib/wire/system.ts";
import type { QueueInfo } from "../../lib/wire/tasks.ts";

const now = Date.parse("2026-03-10T12:00:00Z");
const nothing = {
  health: null,
  queues: null,
  active: null,
  summary: null,
  history: null,
  now,
  zone: "UTC",
};
const health = (status: HealthReport["status"], checks: HealthReport["checks"] = []) =>
  ({ status, checks, since: "2026-03-10T09:12:00Z" }) as HealthReport;
const queue = (name: string, waiting: number, oldest: number | null, paused = false) =>
  ({
    name,
    depth: { by_status: { queued: waiting, retrying: 1, running: 4 } },
    oldest_waiting_seconds: oldest,
    paused,
  }) as unknown as QueueInfo;

Deno.test("the health word comes with since when, or with its worst reason", () => {
  assert.deepEqual(headline({ ...nothing, health: health("healthy") }), {
    tone: "ok",
    title: "Well since 09:12 UTC.",
    work: "",
  });
  const there = { ...nothing, health: health("healthy"), zone: "Europe/Berlin" };
  assert.equal(headline(there).title, "Well since 10:12.");
  const later = { ...there, now: now + 86_400_000 };
  assert.equal(headline(later).title, "Well since 10 Mar, 10:12.");
  const checks: HealthReport["checks"] = [
    { name: "database", status: "healthy" },
    { name: "redis", status: "degraded", detail: "it does not answer." },
    { name: "disk_space", status: "unhealthy", detail: "3% free" },
  ];
  const bad = headline({ ...nothing, health: health("unhealthy", checks) });
  assert.equal(bad.title, "Unhealthy: Disk space, 3% free, and 1 more.");
  assert.equal(bad.tone, "bad");
  const degraded = headline({ ...nothing, health: health("degraded", checks.slice(0, 2)) });
  assert.equal(degraded.title, "Degraded: Redis, it does not answer.");
  assert.equal(headline(nothing).title, "Health could not be read.");
});

Deno.test("waiting sums every queue, tells the oldest and names what is paused", () => {
  const { title, work } = headline({
    ...nothing,
    health: health("healthy"),
    queues: [queue("default", 2, 0.4), queue("conversations", 10, 75, true)],
    active: { active_tasks: [], task_count: 4 },
  });
  assert.equal(
    title,
    "Well since 09:12 UTC. 14 waiting, oldest 1 min 15 s. Paused: conversations.",
  );
  assert.equal(work, "4 tasks running.");
});

Deno.test("tasks that wait for their time alone have no age and no direction", () => {
  const held = {
    name: "conversations",
    depth: { by_status: { queued: 0, scheduled: 90_005, retrying: 1 } },
    oldest_waiting_seconds: null,
    paused: false,
  } as unknown as QueueInfo;
  const history = {
    from: new Date(now - 7 * 60_000).toISOString(),
    to: new Date(now).toISOString(),
    points: [90_000, 80_000, 60_000, 9_000, 10, 0, 0].map((queue_depth, i) => ({
      at: new Date(now - (7 - i) * 60_000).toISOString(),
      queue_depth,
    })),
  } as unknown as History;
  const { title } = headline({ ...nothing, health: health("healthy"), queues: [held], history });
  assert.equal(title, "Well since 09:12 UTC. 90,006 waiting, all for their time.");
});

Deno.test("a backlog's direction compares its last minutes with those before", () => {
  assert.deepEqual(trend([50, 40, 40, 30, 20, 15, 14]), ["shrinking"]);
  assert.deepEqual(trend([2, 3, 2, 20, 30, 40]), ["growing"]);
  assert.deepEqual(trend([14, 15, 14, 14, 15, 14]), ["steady"]);
  assert.deepEqual(trend([14, null, null, 9]), []);
});

Deno.test("a reason that names what it is about is not named twice", () => {
  const failing = (name: string, detail: string) =>
    headline({ ...nothing, health: health("degraded", [{ name, status: "degraded", detail }]) })
      .title;
  assert.match(failing("cpu", "CPU at 99.8% over the last minute"), /^Degraded: CPU at 99\.8%/);
  assert.match(failing("redis", "not connected"), /^Degraded: Redis, not connected\./);
});
