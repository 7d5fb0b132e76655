import assert from "node:assert/strict";
import { assertRecounts } from "../support/recount.ts";
import { TestService } from "../support/service.ts";

const COUNT = 6_000;

function lines(): string[] {
  return Array.from({ length: COUNT }, (_, i) =>
    JSON.stringify({
      conversation_id: `old-${i}`,
      user_id: `user-${i % 300}`,
      bot_id: `bot-${i % 5}`,
      status: i % 10 ? "completed" : "failed",
      satisfaction_score: i % 3 ? null : 1 + i % 5,
      messages: Array.from({ length: 12 }, (_, n) => ({
        role: n % 2 ? "assistant" : "user",
        content: `message ${n} of conversation ${i}, about as long as people write to a bot`,
        at: new Date(Date.parse("2025-03-03T08:00:00Z") + i * 2_000 + n * 1_000).toISOString(),
      })),
    }));
}

function post(service: TestService, body: BodyInit): Promise<Response> {
  return fetch(`${service.url}/api/performance/conversations/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.token}`, "content-type": "application/x-ndjson" },
    body,
  });
}

interface Answer {
  imported: number;
  skipped: number;
  rejected_count: number;
}

Deno.test("an import that SIGKILL cut short is sent again and counts exactly", {
  sanitizeOps: true,
  sanitizeResources: true,
}, async () => {
  await using service = await TestService.start();
  const all = lines();
  let sent = 0;
  const killed = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (sent >= COUNT / 2) await killed.promise;
      const part = all.slice(sent, sent += 100).join("\n") + "\n";
      controller.enqueue(new TextEncoder().encode(part));
      if (sent >= COUNT) controller.close();
    },
  }, { highWaterMark: 0 });
  const broken = post(service, body).then((r) => r.text(), () => "cut off");
  while ((await service.request("GET", "/conversations/old-500")).status === 404);
  await service.kill();
  killed.resolve();
  await broken;
  await service.restart();

  const again = await (await post(service, all.join("\n"))).json() as Answer;
  assert.equal(again.imported + again.skipped, COUNT);
  assert.ok(again.skipped > 0, "nothing was there from the first time");
  const { body: report } = await service.request<{
    analytics: {
      conversation_analytics: {
        total_conversations: number;
        status_breakdown: Record<string, number>;
        average_conversation_length: number;
      };
      user_engagement: { active_users: number; average_messages_per_user: number };
    };
  }>("GET", "/analytics/daily?date=2025-03-03");
  const { conversation_analytics: figures, user_engagement: users } = report.analytics;
  assert.equal(figures.total_conversations, COUNT);
  assert.equal(figures.status_breakdown.failed, COUNT / 10);
  assert.equal(figures.average_conversation_length, 12);
  assert.equal(users.active_users, 300);
  assert.equal(users.average_messages_per_user, COUNT / 300 * 12);
  const third = await (await post(service, all.join("\n"))).json() as Answer;
  assert.equal((await assertRecounts(service)).conversations, COUNT);
  assert.deepEqual([third.imported, third.skipped, third.rejected_count], [0, COUNT, 0]);
});
