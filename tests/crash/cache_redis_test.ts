import assert from "node:assert/strict";
import { type CacheService, openCache } from "../../lib/cache/mod.ts";
import { randomFor, rounds } from "../support/randomness.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { RunningTime } from "../support/running_time.ts";

function faultTest(
  name: string,
  fn: (server: RedisServer, cache: CacheService) => Promise<void>,
  commandTimeoutMs = 100,
): void {
  Deno.test({
    name: `cache in Redis: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      await using server = await RedisServer.start();
      await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs });
      await fn(server, cache);
    },
  });
}

const connected = (cache: CacheService) => async () => (await cache.stats()).connected;

/** Runs every kind of call and fails if one throws, gives a wrong answer or takes over `maxMs`. */
async function callsStayHarmless(cache: CacheService, maxMs: number): Promise<void> {
  const calls: Record<string, () => Promise<unknown>> = {
    get: async () => assert.equal(await cache.get("absent"), undefined),
    getMany: async () => assert.deepEqual(await cache.getMany(["x", "y"]), [undefined, undefined]),
    set: async () => assert.equal(await cache.set("s", 1), false),
    setMany: async () => assert.equal(await cache.setMany([["s", 1]]), 0),
    has: async () => assert.equal(await cache.has("absent"), false),
    delete: async () => assert.equal(await cache.delete("absent"), false),
    expire: async () => assert.equal(await cache.expire("absent", 5), false),
    getOrSet: async () => assert.equal(await cache.getOrSet("f", () => 42), 42),
    clear: async () => assert.equal((await cache.clear("c*")).complete, false),
    clearOne: async () => assert.equal((await cache.clear("c")).complete, false),
    invalidateTag: async () => assert.equal(await cache.invalidateTag("t"), false),
    inspect: async () => assert.equal(await cache.inspect("absent"), undefined),
    stats: async () => assert.equal((await cache.stats()).connected, false),
  };
  using running = new RunningTime();
  for (const [name, call] of Object.entries(calls)) {
    const { ms } = await running.of(call);
    assert.ok(ms < maxMs, `${name} took ${ms} ms`);
  }
}

faultTest(
  "killed: calls go on at once, and use it again when it is back",
  async (server, cache) => {
    await cache.set("k", 1);
    await server.kill();
    await eventually(async () => !await connected(cache)(), "notices");
    await callsStayHarmless(cache, 80);
    assert.ok((await cache.stats()).refusals.redis_unavailable! > 0);
    await server.restart();
    await eventually(connected(cache), "reconnects");
    assert.equal(await cache.get("k"), undefined, "a restarted Redis is empty");
    assert.equal(await cache.set("k", 2), true);
    assert.equal(await cache.get("k"), 2);
  },
);

faultTest("hung: one call waits its timeout, the others do not", async (server, cache) => {
  await cache.set("k", 1);
  server.pause();
  using running = new RunningTime();
  const startedAt = performance.now();
  const { ms, value } = await running.of(() => cache.getOrSet("k", () => "computed"));
  assert.equal(value, "computed");
  assert.ok(performance.now() - startedAt >= 80 && ms < 250, `the first call took ${ms} ms`);
  await callsStayHarmless(cache, 80);
  const { redis } = await cache.stats();
  assert.notEqual(redis!.state, "closed");
  assert.match(redis!.reason!, /timed out/i);
  server.resume();
  await eventually(connected(cache), "closes the breaker");
  assert.equal(await cache.get("k"), 1);
});

faultTest(
  "hung for long: the connection is made anew and none is left over",
  async (server, cache) => {
    server.pause();
    await cache.get("k");
    const { promise: later, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 2_500);
    await later;
    server.resume();
    await eventually(connected(cache), "comes back");
    assert.equal(await cache.set("k", 1), true);
    await eventually(async () => {
      const clients = String(await server.call("CLIENT", "LIST")).trim().split("\n");
      return clients.length === 2;
    }, "one connection of ours, beside the one that asks");
  },
);

faultTest(
  "full: writes are refused and counted, reads and deletions go on",
  async (server, cache) => {
    await cache.set("k", 1);
    await server.call("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await server.call("CONFIG", "SET", "maxmemory", "1mb");
    for (let i = 0; i < 20; i++) {
      assert.equal(await cache.set(`n:${i}`, crypto.getRandomValues(new Uint8Array(1_000))), false);
    }
    assert.equal(await cache.getOrSet("f", () => 42), 42);
    assert.equal(await cache.get("k"), 1);
    const stats = await cache.stats();
    assert.equal(stats.connected, true);
    assert.equal(stats.totalKeys, 1);
    assert.equal(stats.refusals.redis_refused, 21);
    assert.equal(await cache.delete("k"), true);
    await server.call("CONFIG", "SET", "maxmemory", "0");
    assert.equal(await cache.set("k", 2), true);
    assert.equal((await cache.stats()).totalKeys, 1);
  },
  // Refusals are what is tested here, not how long they take on a busy machine.
  2_000,
);

Deno.test({
  name: "cache in Redis: filling it up never passes its limit",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start({
      args: ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"],
    });
    await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: 2_000 });
    let stored = 0;
    for (let i = 0; i < 400; i++) {
      if (await cache.set(`n:${i}`, crypto.getRandomValues(new Uint8Array(10_000)))) stored++;
    }
    assert.ok(stored > 20 && stored < 300, `${stored} stored`);
    assert.equal((await cache.stats()).totalKeys, stored);
    const info = String(await server.call("INFO", "memory"));
    const used = Number(/used_memory:(\d+)/.exec(info)![1]);
    assert.ok(used < 3.3 * 1_048_576, `${used} bytes used`);
  },
});

Deno.test({
  name: "cache in Redis: opens without a Redis and finds it later",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    await server.kill();
    using running = new RunningTime();
    const startedAt = running.now();
    await using cache = await openCache({ redisUrl: server.url, openWaitMs: 200 });
    assert.ok(running.now() - startedAt < 400);
    await callsStayHarmless(cache, 80);
    await server.restart();
    await eventually(connected(cache), "connects");
    assert.equal(await cache.set("k", 1), true);
  },
});

Deno.test({
  name: "cache in Redis: a wrong password is a reason, not an error",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start({ password: "correct horse" });
    const wrong = server.url.replace("correct", "wrong");
    await using refused = await openCache({ redisUrl: wrong, openWaitMs: 200 });
    await callsStayHarmless(refused, 80);
    const { redis } = await refused.stats();
    assert.match(redis!.reason!, /WRONGPASS|invalid username-password/i);
    assert.ok(!redis!.reason!.includes("horse"));
    await using accepted = await openCache({ redisUrl: server.url });
    assert.equal(await accepted.set("k", 1), true);
  },
});

Deno.test({
  name: "cache in Redis: random kills and hangs under load give right answers or misses",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const random = randomFor("cache under random faults");
    await using server = await RedisServer.start();
    await using cache = await openCache({ redisUrl: server.url });
    using running = new RunningTime();
    let loaded = true, answers = 0, slowest = 0;
    const load = Array.from({ length: 8 }, async (_, worker) => {
      for (let i = 0; loaded; i++) {
        const key = `w${worker}:${i % 50}`;
        const { ms, value } = await running.of(() => cache.getOrSet(key, () => `value of ${key}`));
        assert.equal(value, `value of ${key}`);
        slowest = Math.max(slowest, ms);
        answers++;
        if (i % 20 === 0) await cache.delete(key);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let round = 0; round < rounds(6, 200); round++) {
      const pauseMs = random.between(50, 350);
      if (random.chance(0.5)) {
        server.pause();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        server.resume();
      } else {
        await server.restart();
      }
      await eventually(connected(cache), `round ${round}: comes back`);
    }
    await eventually(() => answers > 100, "a hundred answers");
    loaded = false;
    await Promise.all(load);
    assert.ok(slowest < 400, `the slowest answer took ${slowest} ms`);
  },
});
