import assert from "node:assert/strict";
import { promtool } from "../support/promtool.ts";
import { startMailServer } from "../support/smtp.ts";
import { TestService } from "../support/service.ts";

const scrape = (service: TestService, token?: string) =>
  fetch(`${service.url}/metrics`, token ? { headers: { authorization: `Bearer ${token}` } } : {});

/** The value of a sample by its name and labels, exactly as written. */
function sample(text: string, name: string): number {
  const line = text.split("\n").find((line) => line.startsWith(name + " "));
  assert.ok(line, `no sample ${name}`);
  return Number(line.slice(name.length + 1));
}

Deno.test("the running service counts its requests, tasks and replies, and promtool agrees with the form", async () => {
  await using service = await TestService.start();
  const bot = {
    name: "Bakery",
    knowledge: [{ question: "When do you open?", answer: "At 6:30." }],
  };
  assert.equal((await service.request("PUT", "/bots/bakery", bot)).status, 200);
  const ask = { conversation_id: "c/1", bot_id: "bakery", user_message: "When do you open?" };
  const answer = await service.request("POST", "/conversations/queue", ask, {
    prefer: "wait=10",
  });
  assert.equal(answer.status, 200);
  await service.request("GET", "/conversations/c%2F1/status");
  await service.request("GET", "/tasks/none-such");
  await service.request("GET", "/no/such/route");

  const refused = await scrape(service);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get("content-type")!, /problem\+json/);
  await refused.body?.cancel();

  const response = await scrape(service, service.token);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  await promtool(["check", "metrics"], text);
  const http = (labels: string) => sample(text, `pixel_http_requests_total{${labels}}`);
  assert.equal(http('method="POST",route="/conversations/queue",status="200"'), 1);
  assert.equal(
    http('method="GET",route="/conversations/{conversation_id}/status",status="200"'),
    1,
  );
  assert.equal(http('method="GET",route="/tasks/{task_id}",status="404"'), 1);
  assert.equal(http('method="GET",route="unknown",status="404"'), 1);
  assert.equal(http('method="GET",route="/metrics",status="401"'), 1);
  assert.doesNotMatch(text, /c\/1|c%2F1|none-such/, "paths with ids never become labels");
  assert.equal(sample(text, 'pixel_replies_total{source="knowledge",cached="false"}'), 1);
  const jobs =
    'pixel_jobs_total{queue="conversations",kind="process_conversation",outcome="completed"}';
  assert.equal(sample(text, jobs), 1);
  assert.ok(sample(text, "process_resident_memory_bytes") > 10e6);
});

Deno.test("health of the running service covers schedules and mail, and an open /metrics needs no token", async () => {
  await using mail = await startMailServer();
  const env = {
    METRICS_OPEN: "true",
    SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
  };
  await using service = await TestService.start({ env });
  const open = await scrape(service);
  assert.equal(open.status, 200);
  await open.body?.cancel();
  type Check = { name: string; status: string };
  const { body } = await service.request<{ health_report: { checks: Check[] } }>(
    "GET",
    "/health",
  );
  const status = Object.fromEntries(body.health_report.checks.map((c) => [c.name, c.status]));
  assert.equal(status["schedules"], "healthy");
  assert.equal(status["smtp"], "healthy");
  assert.equal(status["database"], "healthy");
  assert.equal(status["ai_provider"], undefined, "no provider is configured");
});
