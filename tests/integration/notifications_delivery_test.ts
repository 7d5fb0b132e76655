import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { systemClock as clock } from "../../lib/clock.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { openTestEngine } from "../../lib/jobs/testing.ts";
import { Notifier } from "../../lib/notifications/notifier.ts";
import { renderLetter } from "../../lib/notifications/template.ts";
import { webhookSecret } from "../../lib/notifications/webhook.ts";
import { deliverNotification } from "../../workers/deliver_notification.ts";
import { sendReport, sendReportJob } from "../../workers/send_report.ts";
import { startMailServer } from "../support/smtp.ts";

const secret = webhookSecret();
const letter = renderLetter({ subject: "Sauna", lead: "It is hot – 90 °C.", reason: "Because." });
const refuse = (responseCode: number) => Object.assign(new Error("no"), { responseCode });

/** An engine whose notifications queue works, and a notifier that queues into it. */
async function open(to: { mailPort?: number; webhookUrl?: string }) {
  const mail = to.mailPort
    ? {
      url: `smtp://127.0.0.1:${to.mailPort}`,
      from: "Pixel <pixel@example.org>",
      timeoutMs: 2_000,
    }
    : null;
  const test = await openTestEngine({
    definitions: [],
    queues: { notifications: 5 },
    start: false,
  });
  const { webhookUrl } = to;
  const notifier = new Notifier({
    db: test.db,
    clock,
    engine: test.engine,
    webhookUrl,
    canMail: mail !== null,
  });
  test.engine.register(deliverNotification({ clock, log: notifier.log, mail, webhookUrl, secret }));
  return { ...test, notifier, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

const email = {
  type: "alert.raised",
  subject: letter.subject,
  to: "ops@example.org",
  content: { channel: "email" as const, email: letter },
};

async function queue(notifier: Notifier, message: Parameters<Notifier["prepare"]>[1]) {
  const tx = new WriteSet();
  const id = notifier.prepare(tx, message);
  assert.ok(id);
  assert.ok(await notifier.options.db.commit(tx));
  return (await notifier.log.get(id))!;
}

Deno.test("a mail server that is busy gets it again, once and with the same id", async () => {
  let refusals = 1;
  await using server = await startMailServer({
    onRcptTo: (_address, _session, done) => refusals-- > 0 ? done(refuse(452)) : done(),
  });
  await using test = await open({ mailPort: server.port });
  const { engine, notifier } = test;
  await engine.start();
  const delivery = await queue(notifier, email);
  assert.equal(delivery.status, "queued");
  assert.ok(await engine.whenEnded(delivery.taskId, 60_000));
  const job = await engine.get(delivery.taskId);
  assert.equal(job?.state, "completed");
  assert.equal(job?.errors?.length, 1);
  const sent = await notifier.log.get(delivery.id);
  assert.equal(sent!.status, "delivered");
  assert.equal(sent!.error, null);
  assert.equal(server.mails.length, 1);
  assert.equal(server.mails[0]!.messageId, `<${delivery.id}@example.org>`);
  assert.equal(server.mails[0]!.subject, "Sauna");
  assert.match(server.mails[0]!.text!, /It is hot – 90 °C\./);
  assert.match(String(server.mails[0]!.html), /<strong>It is hot – 90 °C\.<\/strong>/);
});

Deno.test("an address that does not exist is a dead letter at once, and can be sent again by hand", async () => {
  let answer: number | null = 550;
  await using server = await startMailServer({
    onRcptTo: (_address, _session, done) => answer ? done(refuse(answer)) : done(),
  });
  await using test = await open({ mailPort: server.port });
  const { engine, notifier } = test;
  await engine.start();
  const delivery = await queue(notifier, email);
  assert.ok(await engine.whenEnded(delivery.taskId, 60_000));
  assert.equal((await engine.get(delivery.taskId))?.state, "failed");
  const failed = await notifier.log.get(delivery.id);
  assert.equal(failed!.status, "failed");
  assert.match(failed!.error!, /the mail server did not take it/);

  await assert.rejects(notifier.redeliver("msg_unknown"), { code: "not_found" });
  answer = null;
  const again = await notifier.redeliver(delivery.id);
  assert.equal(again.status, "queued");
  await assert.rejects(notifier.redeliver(delivery.id), { code: "conflict" });
  assert.ok(await engine.whenEnded(again.taskId, 60_000));
  assert.equal((await notifier.log.get(delivery.id))!.status, "delivered");
  assert.equal(server.mails[0]!.messageId, `<${delivery.id}@example.org>`);
});

Deno.test("a webhook is signed, carries the delivery's id, and is repeated after a 503", async () => {
  const seen: { id: string | null; body: { type: string; data: unknown } }[] = [];
  const hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const headers = Object.fromEntries(request.headers);
    const body = new Webhook(secret).verify(
      await request.text(),
      headers,
    ) as typeof seen[0]["body"];
    seen.push({ id: request.headers.get("webhook-id"), body });
    return new Response(null, { status: seen.length === 1 ? 503 : 204 });
  });
  try {
    await using test = await open({ webhookUrl: `http://127.0.0.1:${hook.addr.port}/in?key=x` });
    const { engine, notifier } = test;
    await engine.start();
    const data = { name: "sauna", severity: "critical" };
    const delivery = await queue(notifier, {
      type: "alert.raised",
      subject: "Sauna",
      content: { channel: "webhook", data },
    });
    assert.equal(delivery.to, `127.0.0.1:${hook.addr.port}`, "the log keeps no path and no query");
    assert.ok(await engine.whenEnded(delivery.taskId, 60_000));
    assert.deepEqual(seen.map((message) => message.id), [delivery.id, delivery.id]);
    assert.equal(seen[1]!.body.type, "alert.raised");
    assert.deepEqual(seen[1]!.body.data, data);
    assert.equal((await notifier.log.get(delivery.id))!.status, "delivered");
  } finally {
    await hook.shutdown();
  }
});

Deno.test("nothing is queued for a channel that is not configured", async () => {
  await using test = await open({});
  const tx = new WriteSet();
  assert.equal(test.notifier.prepare(tx, email), null);
  const hook = { type: "a", subject: "b", content: { channel: "webhook" as const, data: {} } };
  assert.equal(test.notifier.prepare(tx, hook), null);
  assert.ok(tx.empty);
});

Deno.test("the log is paged newest first, filtered, and forgets what is old", async () => {
  await using test = await open({ mailPort: 1 });
  const { notifier } = test;
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.push((await queue(notifier, { ...email, subject: `no. ${i}` })).id);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const first = await notifier.log.list(3);
  assert.deepEqual(first.deliveries.map((d) => d.id), ids.slice(2).reverse());
  const second = await notifier.log.list(3, first.nextCursor);
  assert.deepEqual(second.deliveries.map((d) => d.id), ids.slice(0, 2).reverse());
  assert.equal(second.nextCursor, undefined);
  assert.deepEqual((await notifier.log.list(3, undefined, "failed")).deliveries, []);
  assert.equal(await notifier.log.sweep(Date.now() - 60_000), 0);
  assert.equal(await notifier.log.sweep(Date.now() + 1_000), 5);
  assert.deepEqual((await notifier.log.list(3)).deliveries, []);
});

const frame = {
  period: { start: "2026-03-01T00:00:00Z", end: "2026-03-02T00:00:00Z" },
  generated_at: "2026-03-02T01:00:00Z",
  data_as_of: "2026-03-02T01:00:00Z",
  partial: false,
  revision: 1,
};

Deno.test("a report becomes one e-mail, and its names stay text", async () => {
  await using server = await startMailServer();
  await using test = await open({ mailPort: server.port });
  const { engine, notifier } = test;
  const daily = (date: string) =>
    Promise.resolve({
      report_type: "daily" as const,
      date,
      ...frame,
      conversation_analytics: {
        total_conversations: 12,
        status_breakdown: { pending: 0, processing: 0, completed: 11, failed: 1 },
        average_conversation_length: 2.5,
      },
      user_engagement: { active_users: 7, new_users: 2, average_messages_per_user: null },
      bot_performance: {
        bot_statistics: [{
          bot_id: "b",
          bot_name: "<b>Bakery</b>",
          conversation_count: 12,
          average_satisfaction: null,
        }],
        total_bots_used: 1,
      },
      system_performance: {
        average_cpu_usage: 3.2,
        average_memory_usage: null,
        health_reports_count: 96,
      },
    });
  const reports = { daily, weekly: () => Promise.reject(new Error("not asked")) };
  const handler = sendReport({ reports: reports as never, notifier, to: ["boss@example.org"] });
  const context = { payload: { type: "daily", date: "2026-03-01" } } as never;
  const result = await handler.perform(context);
  assert.ok(result?.type === "complete");
  await engine.start();
  const tx = new WriteSet();
  await result.effects!(tx);
  await test.db.commit(tx);
  await test.drained();
  const [mail] = server.mails;
  assert.match(mail!.subject!, /2026-03-01: 12 conversations/);
  assert.match(mail!.text!, /<b>Bakery<\/b>\s+#+\s+12\n/);
  assert.match(String(mail!.html), /&lt;b&gt;Bakery/);
  assert.equal(sendReportJob.queue, "analytics");
});
