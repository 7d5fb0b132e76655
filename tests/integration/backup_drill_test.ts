import assert from "node:assert/strict";
import { join } from "node:path";
import { restore } from "../../lib/monitoring/restore.ts";
import { TestService } from "../support/service.ts";

const BOT = { name: "Bakery", knowledge: [{ question: "When do you open?", answer: "At 6:30." }] };
const CLIENTS = 4;

/** Clients that send one conversation after the other until they are stopped. */
function traffic(service: TestService) {
  const acknowledged: string[] = [];
  let sending = true;
  const client = async (name: number) => {
    for (let i = 0; sending; i++) {
      const id = `drill-${name}-${i}`;
      const body = { conversation_id: id, bot_id: "bakery", user_message: "When do you open?" };
      const { status } = await service.request("POST", "/conversations/queue", body);
      if (status === 200) acknowledged.push(id);
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
  return {
    acknowledged,
    async stop() {
      sending = false;
      await running;
    },
  };
}

async function ended(service: TestService, taskId: string): Promise<string> {
  for (;;) {
    const { body } = await service.request<{ task_status: { status: string } }>(
      "GET",
      `/tasks/${taskId}`,
    );
    const { status } = body.task_status;
    if (["completed", "failed", "cancelled"].includes(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("drill: a backup under load, the disk is lost, and after the restore everything up to the backup is there", async () => {
  await using service = await TestService.start();
  assert.equal((await service.request("PUT", "/bots/bakery", BOT)).status, 200);
  const load = traffic(service);
  while (load.acknowledged.length < 200) await new Promise((resolve) => setTimeout(resolve, 10));

  const before = [...load.acknowledged];
  const run = await service.request<{ task_id: string }>(
    "POST",
    "/schedules/backup-database/run",
  );
  assert.equal(await ended(service, run.body.task_id), "completed");
  const during = load.acknowledged.length - before.length;
  assert.ok(during > 0, "the service stood still while it was backed up");
  type Kept = {
    database: { bytes: number; reclaimable_bytes: number };
    backups: { name: string; entries: number }[];
    retention: { records: string }[];
  };
  const kept = (await service.request<Kept>("GET", "/maintenance/retention")).body;
  assert.equal(kept.backups.length, 1);
  assert.ok(kept.backups[0]!.entries > before.length);
  assert.ok(kept.database.bytes > 100_000 && kept.database.reclaimable_bytes >= 0);
  assert.ok(kept.retention.length > 10);
  await load.stop();

  // The disk is lost; the backup lay elsewhere.
  await service.kill();
  const kvFile = join(service.dataDir, "pixel.sqlite");
  for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(kvFile + suffix).catch(() => {});
  const backup = join(service.dataDir, "backups", kept.backups[0]!.name);
  const restored = await restore({ dataDir: service.dataDir, kvFile, backup });
  assert.equal(restored.entries, kept.backups[0]!.entries);
  await service.restart();

  type Status = { conversation_status: { status: string; result?: { response: string } } };
  for (const id of before) {
    const path = `/conversations/${id}/status?wait=20`;
    const { status, body } = await service.request<Status>("GET", path);
    assert.equal(status, 200, id);
    assert.equal(body.conversation_status.status, "completed", id);
    assert.match(body.conversation_status.result!.response, /6:30/);
  }
  type Metrics = {
    metrics: { total_conversations: number; status_breakdown: Record<string, number> };
  };
  const settled = async () => {
    const { metrics } = (await service.request<Metrics>("GET", "/conversations/metrics")).body;
    return metrics;
  };
  let metrics = await settled();
  while (metrics.status_breakdown.pending! + metrics.status_breakdown.processing! > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    metrics = await settled();
  }
  assert.ok(metrics.total_conversations >= before.length);
  assert.equal(metrics.status_breakdown.completed, metrics.total_conversations);
  assert.equal((await service.request("GET", "/health")).status, 200);

  // Counted again from what is there, every number of the reports is the same.
  const counted = await service.request<{ task_id: string }>("POST", "/analytics/recount");
  assert.equal(await ended(service, counted.body.task_id), "completed");
  type Recounted = {
    task_status: { result: { conversations: number; compared: number; differences: unknown[] } };
  };
  const task = await service.request<Recounted>("GET", `/tasks/${counted.body.task_id}`);
  const { conversations, compared, differences } = task.body.task_status.result;
  assert.deepEqual(differences, []);
  assert.ok(conversations >= before.length && compared > 0, `${conversations}, ${compared}`);
  const again = { conversation_id: "after", bot_id: "bakery", user_message: "When do you open?" };
  const answer = await service.request("POST", "/conversations/queue", again, {
    prefer: "wait=10",
  });
  assert.match(JSON.stringify(answer.body), /6:30/);
});
