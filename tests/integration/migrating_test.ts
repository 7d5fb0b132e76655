import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sendWebhook, webhookSecret } from "../../lib/notifications/webhook.ts";
import { freePort, TestService } from "../support/service.ts";

const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

Deno.test("the Celery example is under 20 lines, and answers signed payloads alone", async () => {
  const text = await Deno.readTextFile(example("celery_task/task_url.py"));
  assert.ok(text.split("\n").filter((line) => line.trim() !== "").length < 20);
  // Celery itself is not needed to call a task's function; this stands for its decorator.
  const modules = await Deno.makeTempDir();
  const celery =
    "def shared_task(**_):\n    def wrap(f):\n        f.run = f\n        return f\n    return wrap\n";
  await Deno.writeTextFile(join(modules, "celery.py"), celery);
  const secret = webhookSecret();
  const port = freePort();
  const child = new Deno.Command("python3", {
    args: [example("celery_task/task_url.py")],
    env: {
      WEBHOOK_SECRET: secret,
      PORT: String(port),
      PYTHONPATH: modules,
      PYTHONDONTWRITEBYTECODE: "1",
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const url = `http://127.0.0.1:${port}/`;
    const payload = { customer_id: "c7", amount: 12 };
    const send = (secret: string) =>
      sendWebhook({ url, id: "t1", payload, secret }, { trusted: true });
    for (let up = false; !up;) {
      up = await Deno.connect({ hostname: "127.0.0.1", port }).then(
        (c) => (c.close(), true),
        () => false,
      );
    }
    const { status, body } = await send(secret);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { invoice: "c7-12", sent: true });
    await assert.rejects(send(webhookSecret()), { statusCode: 401 });
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(modules, { recursive: true });
  }
});

Deno.test("what the export writes from a platform's SQL is imported whole", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "platform.db");
  const sql = new DatabaseSync(path);
  sql.exec(`
    create table bots (id text, name text);
    create table conversations (id integer, user_id text, bot_id text, status text,
      satisfaction_score real);
    create table messages (id integer primary key, conversation_id integer, role text, content text,
      created_at text);
    insert into bots values ('b1', 'Bäckerei');
    insert into conversations values (1, 'u1', 'b1', 'completed', 4.5), (2, 'u2', 'b2', 'failed', null),
      (3, 'u1', 'b1', 'active', null);
    insert into messages (conversation_id, role, content, created_at) values
      (1, 'user', 'Guten Tag – offen?', '2026-03-02 09:12:00'),
      (1, 'assistant', 'Ab 6:30.', '2026-03-02 09:12:03+00:00'),
      (2, 'user', 'Hallo', '2026-03-02 10:00:00'),
      (3, 'user', 'noch offen', '2026-03-02 11:00:00');
  `);
  sql.close();
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
