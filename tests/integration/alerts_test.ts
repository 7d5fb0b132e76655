import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { webhookSecret } from "../../lib/notifications/webhook.ts";
import { eventually } from "../support/eventually.ts";
import { startMailServer } from "../support/smtp.ts";
import { TestService } from "../support/service.ts";

interface Alert {
  name: string;
  raised: boolean;
  severity: string;
  detail?: string;
  runbook: string;
  acknowledged?: { by: string };
  silenced?: { until: string };
}
interface AlertsBody {
  alerts: Alert[];
  raised: number;
}

/** Events of the service's stream until one of this name arrives. */
async function nextEvent(service: TestService, name: string): Promise<Record<string, unknown>> {
  const abort = new AbortController();
  const response = await fetch(`${service.url}/api/performance/events`, {
    headers: { authorization: `Bearer ${service.token}` },
    signal: abort.signal,
  });
  let text = "";
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const found = new RegExp(`event: ${name}\ndata: (.*)\n`).exec(text);
      if (found) return JSON.parse(found[1]!);
    }
  } finally {
    abort.abort();
  }
  throw new Error(`the stream ended without ${name}: ${text}`);
}

Deno.test("an alert of the running service reaches mailbox, webhook, API and event stream, once over a restart", async () => {
  await using mail = await startMailServer();
  const secret = webhookSecret();
  const { promise: called, resolve } = Promise.withResolvers<Record<string, unknown>>();
  let calls = 0;
  const hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const headers = Object.fromEntries(request.headers);
    calls++;
    resolve(new Webhook(secret).verify(await request.text(), headers) as Record<string, unknown>);
    return new Response(null, { status: 204 });
  });
  try {
    await using service = await TestService.start({
      env: {
        DISK_RESERVE: "8000t", // no disk has as much free, and this alert has no hold time
        SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
        MAIL_FROM: "Pixel <pixel@example.org>",
        ALERT_EMAIL: "ops@example.org, ann@example.org",
        ALERT_WEBHOOK_URL: `http://127.0.0.1:${hook.addr.port}/secret`,
        WEBHOOK_SECRET: secret,
        PUBLIC_URL: "https://pixel.example",
      },
    });
    const message = await called;
    assert.equal(message.type, "alert.raised");
    const data = message.data as Record<string, unknown>;
    assert.equal(data.name, "disk_reserve");
    assert.equal(data.runbook, "https://pixel.example/docs/runbook#alert-disk-reserve");

    const { body } = await service.request<AlertsBody>("GET", "/alerts");
    assert.equal(body.alerts[0]!.name, "disk_reserve");
    assert.equal(body.raised, 1);
    assert.match(body.alerts[0]!.detail!, /new tasks are refused/);

    const listening = nextEvent(service, "alert");
    let heard = false;
    void listening.then(() => heard = true, () => {});
    while (!heard) {
      const post = await service.request<{ alert: Alert }>(
        "POST",
        "/alerts/disk_reserve/acknowledge",
      );
      assert.equal(post.status, 200);
      assert.ok(post.body.alert.acknowledged);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await listening).name, "disk_reserve");

    type Log = { notifications: { delivery_status: string; channel: string; to: string }[] };
    let log: Log["notifications"] = [];
    await eventually(async () => {
      log = (await service.request<Log>("GET", "/notifications")).body.notifications;
      return log.every((n) => n.delivery_status === "delivered");
    }, "all are delivered");
    assert.deepEqual(log.map((n) => `${n.channel} ${n.delivery_status}`).sort(), [
      "email delivered",
      "email delivered",
      "webhook delivered",
    ]);
    assert.deepEqual(log.filter((n) => n.channel === "email").map((n) => n.to).sort(), [
      "ann@example.org",
      "ops@example.org",
    ]);
    assert.match(mail.mails[0]!.subject!, /CRITICAL: disk under its reserve/);
    assert.equal(calls, 1);

    assert.equal((await service.request("POST", "/alerts/nothing/silence", {})).status, 404);
    const wrong = await service.request("POST", "/alerts/cpu/silence", { minutes: -1 });
    assert.equal(wrong.status, 422);
    assert.equal((await service.request("POST", "/alerts/cpu/acknowledge")).status, 409);
    const silenced = await service.request<{ alert: Alert }>("POST", "/alerts/cpu/silence", {
      minutes: 30,
      reason: "load test",
    });
    assert.ok(silenced.body.alert.silenced);

    assert.equal(await service.stop(), 0);
    await service.restart();
    const after = (await service.request<AlertsBody>("GET", "/alerts")).body.alerts;
    const reserve = after.find((alert) => alert.name === "disk_reserve")!;
    assert.ok(reserve.raised && reserve.acknowledged);
    assert.ok(after.find((alert) => alert.name === "cpu")!.silenced);
    assert.equal(calls, 1);
    assert.equal(mail.mails.length, 2);
  } finally {
    await hook.shutdown();
  }
});
