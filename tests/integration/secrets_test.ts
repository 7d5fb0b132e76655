import assert from "node:assert/strict";
import { TestService } from "../support/service.ts";

const MARK = "marked5ecret";
const SECRETS = {
  JWT_SECRET: `${MARK}-jwt-0123456789abcdef0123456789`,
  AI_BASE_URL: "http://127.0.0.1:9",
  AI_MODEL: "none",
  AI_API_KEY: `sk-${MARK}`,
  WEBHOOK_SECRET: `whsec_${MARK}${"A".repeat(28)}`,
  ALERT_WEBHOOK_URL: `http://127.0.0.1:9/${MARK}`,
  HEARTBEAT_URL: `http://127.0.0.1:9/beat/${MARK}`,
  SMTP_URL: `smtp://user:${MARK}@127.0.0.1:9`,
  ALERT_EMAIL: "ops@example.com",
  REDIS_URL: `redis://:${MARK}@127.0.0.1:9`,
  BACKUP_S3_ENDPOINT: "http://127.0.0.1:9",
  BACKUP_S3_BUCKET: "backups",
  BACKUP_S3_KEY_ID: `key-${MARK}`,
  BACKUP_S3_SECRET: `${MARK}-of-the-bucket`,
  LOG_LEVEL: "debug",
};

Deno.test("secrets show in no log, error, event, metric or page", async () => {
  await using service = await TestService.start({ env: SECRETS });
  const seen: string[] = [];
  const ask = async (method: string, path: string, body?: unknown, headers = {}) => {
    const { body: answer } = await service.request(method, path, body, headers);
    const text = JSON.stringify(answer);
    // The one place where a token belongs.
    if (!(method === "POST" && path.startsWith("/tokens"))) seen.push(text);
    return answer as Record<string, string>;
  };
  const stop = new AbortController();
  const events = await fetch(`${service.url}/api/performance/events`, {
    headers: { authorization: `Bearer ${service.token}` },
    signal: stop.signal,
  });
  const { token } = await ask("POST", "/tokens", { name: "t", role: "operator" });
  const authorization = { authorization: `Bearer ${token}` };
  await ask("POST", "/conversations/queue", {
    conversation_id: "c",
    user_message: "hello",
    bot_id: "b",
    callback_url: "https://user:password@example.com",
  }, authorization);
  await ask("POST", "/conversations/queue", {
    conversation_id: "c",
    user_message: "hello",
    bot_id: "b",
  }, { ...authorization, prefer: "wait=2" });
  for (const path of ["/health", "/alerts", "/audit", "/tokens", "/tasks", "/cache/stats"]) {
    await ask("GET", path);
  }
  await ask("POST", "/schedules/backup-database/run");
  await ask("GET", "/maintenance/backups");
  await ask("POST", "/cache/clear", { pattern: "*" });
  await ask("GET", "/health", undefined, { authorization: `Bearer ${token}x` });
  await ask("GET", `/nope?token=${token}`);
  await ask("POST", "/tokens", { name: token, role: "nobody" });

  const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("event: task");) {
    const { value = "" } = await reader.read();
    seen.push(text += value);
  }
  stop.abort();
  await reader.closed.catch(() => {});
  const admin = { headers: { authorization: `Bearer ${service.token}` } };
  seen.push(await (await fetch(`${service.url}/metrics`, admin)).text());
  const link = new URL(`${service.url}/sign-in`);
  const signedIn = await fetch(link, {
    method: "POST",
    redirect: "manual",
    headers: { origin: service.url },
    body: new URLSearchParams({ token: service.token, next: "/" }),
  });
  await signedIn.body?.cancel();
  const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
  for (const path of ["/", "/tasks", "/analytics", "/docs"]) {
    const page = await fetch(service.url + path, { headers: { cookie } });
    assert.equal(page.status, 200, path);
    seen.push(await page.text());
  }
  await service.stop();
  const all = [...seen, ...service.logs].join("\n");
  for (const secret of [MARK, token!, service.token, cookie.split("=")[1]!, ":password@"]) {
    const at = all.indexOf(secret);
    assert.equal(at, -1, `found: ${all.slice(Math.max(0, at - 200), at + 80)}`);
  }
});
