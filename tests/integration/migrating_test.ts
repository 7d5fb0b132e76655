import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { sendWebhook, webhookSecret } from "../../lib/notifications/webhook.ts";
import { writePlatformDatabase } from "../support/platform_database.ts";
import { python } from "../support/python.ts";
import { freePort } from "../support/ports.ts";
import { TestService } from "../support/service.ts";

const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

Deno.test("a real Celery task, unchanged, is performed behind a task URL in under 20 lines", async () => {
  const text = await Deno.readTextFile(example("celery_task/task_url.py"));
  assert.ok(text.split("\n").filter((line) => line.trim() !== "").length < 20);
  const program = await python("celery", ["celery"]);
  const secret = webhookSecret();
  const port = freePort();
  const child = new Deno.Command(program, {
    args: ["-B", example("celery_task/task_url.py")],
    env: { WEBHOOK_SECRET: secret, PORT: String(port) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await answers(port);
    await using service = await TestService.start({
      env: { WEBHOOK_SECRET: secret, TASK_URL_ALLOW: "127.0.0.1" },
    });
    const { status, body } = await service.request("POST", "/tasks", {
      name: "billing.send_invoice",
      queue: "default",
      payload: { customer_id: "c7", amount: 12 },
      url: `http://127.0.0.1:${port}/`,
    });
    assert.equal(status, 200, JSON.stringify(body));
    type Task = { task_status: { status: string; result?: unknown; error?: unknown } };
    let task: Task["task_status"];
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      task = (await service.request<Task>("GET", `/tasks/${body.task_id}`)).body.task_status;
    } while (!["completed", "failed"].includes(task.status));
    assert.deepEqual(task.result, { invoice: "c7-12", sent: true }, JSON.stringify(task));

    const url = `http://127.0.0.1:${port}/`;
    const payload = { customer_id: "c7", amount: 12 };
    const forged = { url, id: "t1", payload, secret: webhookSecret() };
    await assert.rejects(sendWebhook(forged, { trusted: true }), { statusCode: 401 });
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
});

/** Resolves once somebody listens on this port. */
async function answers(port: number): Promise<void> {
  for (;;) {
    try {
      using _open = await Deno.connect({ hostname: "127.0.0.1", port });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

Deno.test("what the export writes from a platform's SQL is imported whole", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "platform.db");
  writePlatformDatabase(path);
  const { stdout, success } = await new Deno.Command("python3", {
    args: [example("export_platform.py"), path],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  assert.ok(success);
  await Deno.remove(folder, { recursive: true });

  await using service = await TestService.start();
  const response = await fetch(`${service.url}/api/performance/conversations/import`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${service.token}`,
      "content-type": "application/x-ndjson",
    },
    body: stdout,
  });
  const result = await response.json();
  assert.deepEqual([result.imported, result.rejected_count], [2, 0], JSON.stringify(result));
  type Daily = {
    analytics: {
      conversation_analytics: { total_conversations: number };
      bot_performance: { bot_statistics: { bot_name: string; average_satisfaction: number }[] };
    };
  };
  const { body } = await service.request<Daily>("GET", "/analytics/daily?date=2026-03-02");
  assert.equal(body.analytics.conversation_analytics.total_conversations, 2);
  const bakery = body.analytics.bot_performance.bot_statistics[0]!;
  assert.equal(bakery.bot_name, "Bäckerei");
  assert.equal(bakery.average_satisfaction, 4.5);
});
