import assert from "node:assert/strict";
import * as bots from "../../lib/wire/schemas/bots.ts";
import * as cache from "../../lib/wire/schemas/cache.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as system from "../../lib/wire/schemas/system.ts";
import * as tasks from "../../lib/wire/schemas/tasks.ts";
import { BOT, caller } from "../support/contract.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { TestService } from "../support/service.ts";

const AT_ONCE = 8;
/** No request may take longer, whatever Redis does; its client would wait 8 s by itself. */
const LONGEST_MS = 7_500;

/** Users who ask without pause until told to stop; every answer must come, and soon. */
function traffic(service: TestService) {
  const call = caller(service);
  let stopped = false;
  let answered = 0;
  let longestMs = 0;
  const ask = async (user: number) => {
    for (let n = 0; !stopped; n++) {
      const sentAt = performance.now();
      const { result } = await call(conversations.TurnQueued, "POST", "/conversations/queue", {
        conversation_id: `t-${user}-${n}`,
        bot_id: "bakery",
        user_id: `user-${user}`,
        user_message: n % 2 ? "When do you open?" : `Question ${user} ${n}`,
      }, { prefer: "wait=25" });
      assert.ok(result, "every question is answered");
      if (n % 2) assert.equal(result.response, "At 6:30.");
      longestMs = Math.max(longestMs, performance.now() - sentAt);
      answered++;
    }
  };
  const running = Promise.all(Array.from({ length: AT_ONCE }, (_, user) => ask(user)));
  running.catch(() => stopped = true);
  return {
    /** Resolves when `count` more questions were answered. */
    async more(count: number): Promise<void> {
      const enough = answered + count;
      await eventually(() => stopped || answered >= enough, "answers");
      if (stopped) await running;
    },
    async stop(): Promise<{ answered: number; longestMs: number }> {
      stopped = true;
      await running;
      return { answered, longestMs };
    },
  };
}

Deno.test("Redis killed, back, hung and awake under traffic: every question is answered", async () => {
  await using redis = await RedisServer.start();
  await using service = await TestService.start({ env: { REDIS_URL: redis.url } });
  const call = caller(service);
  const stats = async () => (await call(cache.CacheStatsAnswer, "GET", "/cache/stats")).cache_stats;
  const healthSays = (healthy: boolean) =>
    eventually(
      async () => {
        const { health_report: { services } } = await call(system.HealthAnswer, "GET", "/health");
        return services.redis_healthy === healthy;
      },
      `redis_healthy ${healthy}`,
    );
  await call(bots.BotAnswer, "PUT", "/bots/bakery", BOT);

  const users = traffic(service);
  await users.more(50);
  assert.equal((await stats()).connected, true);
  assert.equal((await stats()).backend, "redis");
  assert.ok((await stats()).total_keys > 0);
  await healthSays(true);

  await redis.kill();
  await users.more(100);
  assert.equal((await stats()).connected, false);
  const { state, reason, kind } = (await stats()).redis!;
  assert.ok(state !== "closed" && reason && kind === "connection", `${state}: ${reason} (${kind})`);
  const scraped = await fetch(`${service.url}/metrics`, {
    headers: { authorization: `Bearer ${service.token}` },
  });
  const exposition = await scraped.text();
  assert.match(exposition, /pixel_cache_breaker_state\{backend="redis",state="closed"\} 0/);
  assert.match(exposition, /pixel_cache_breaker_reason\{backend="redis",reason="connection"\} 1/);
  await healthSays(false);
  assert.equal((await service.request("GET", "/performance/summary")).status, 200);
  const cleared = await call(cache.CacheCleared, "POST", "/cache/clear", {});
  assert.equal(cleared.complete, false, "a task will clear what could not be reached");

  await redis.restart();
  await users.more(50);
  await eventually(async () => (await stats()).connected, "Redis is used again");
  await healthSays(true);

  redis.pause();
  await users.more(100);
  await eventually(async () => !(await stats()).connected, "the hang is noticed");
  await healthSays(false);
  redis.resume();
  await eventually(async () => (await stats()).connected, "Redis is used again");
  await users.more(50);

  await eventually(
    async () => {
      const path = `/tasks/${cleared.task_id}`;
      return (await call(tasks.TaskAnswer, "GET", path)).task_status.status === "completed";
    },
    "the clearing is caught up with",
  );

  const { answered, longestMs } = await users.stop();
  assert.ok(longestMs < LONGEST_MS, `the slowest answer took ${Math.round(longestMs)} ms`);
  const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
  assert.equal(metrics.total_conversations, answered);
  assert.equal(metrics.status_breakdown.completed, answered);
  assert.equal(await service.stop(), 0);
});

Deno.test("Redis that is away at the start does not keep the service from it", async () => {
  await using redis = await RedisServer.start();
  await redis.kill();
  await using service = await TestService.start({ env: { REDIS_URL: redis.url } });
  const call = caller(service);
  await call(bots.BotAnswer, "PUT", "/bots/bakery", BOT);
  const users = traffic(service);
  await users.more(30);
  await redis.restart();
  await eventually(
    async () => {
      return (await call(cache.CacheStatsAnswer, "GET", "/cache/stats")).cache_stats.connected;
    },
    "Redis is used as soon as it is there",
  );
  await users.stop();
});

Deno.test("what others keep in the same Redis is neither counted nor cleared", async () => {
  await using redis = await RedisServer.start();
  await redis.call("SET", "somebody:else", "theirs");
  await redis.call("SET", "pixel_ai_other:v1:x", "theirs too");
  await using service = await TestService.start({ env: { REDIS_URL: redis.url } });
  const call = caller(service);
  await call(bots.BotAnswer, "PUT", "/bots/bakery", BOT);
  const { result } = await call(conversations.TurnQueued, "POST", "/conversations/queue", {
    conversation_id: "c",
    bot_id: "bakery",
    user_message: "When do you open?",
  }, { prefer: "wait=20" });
  assert.equal(result!.response, "At 6:30.");
  const { cache_stats: stats } = await call(cache.CacheStatsAnswer, "GET", "/cache/stats");
  assert.equal(stats.total_keys, 1);
  const cleared = await call(cache.CacheCleared, "POST", "/cache/clear?pattern=*");
  assert.equal(cleared.cleared_entries, 1);
  assert.equal(await redis.call("GET", "somebody:else"), "theirs");
  assert.equal(await redis.call("GET", "pixel_ai_other:v1:x"), "theirs too");
  assert.equal(await service.stop(), 0);
  const left = String(await redis.call("CLIENT", "LIST")).trim().split("\n");
  assert.equal(left.length, 1, "no connection outlives the service");
});
