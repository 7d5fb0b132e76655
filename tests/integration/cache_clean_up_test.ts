import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { openCache } from "../../lib/cache/mod.ts";
import { createLogger } from "../../lib/log.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";

/** Other tests may keep the machine busy; how long Redis takes is not what is tested here. */
const PATIENT_MS = 60_000;

function redisTest(name: string, fn: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `cache clean-up: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      await using server = await RedisServer.start();
      await fn(server);
    },
  });
}

redisTest("removes what nobody can read, and nothing else", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.setMany(Array.from({ length: 1_500 }, (_, i) => [`kept:${i}`, i] as const));
  await cache.set("kept:tagged", 1, { tags: ["t", "u"] });
  await cache.set("gone:tagged", 1, { tags: ["t", "old"] });
  await cache.invalidateTag("old");
  await cache.set("older:generation", 1);
  const raw = new Redis(server.url);
  await raw.set("pixel_ai:v1:~g:older", "0000000000");
  await raw.set("pixel_ai:v1:damaged", "P1 but no entry");
  await raw.set("pixel_ai:v1:other:version", "P2j-something");
  await raw.rpush("pixel_ai:v1:list", "x");
  await raw.set("theirs", "kept");
  await raw.set("pixel_ai:v2:a", "kept");
  assert.deepEqual(await cache.cleanUp(), { removed: 5 });
  assert.deepEqual(await cache.cleanUp(), { removed: 0 });
  const left = (await raw.keys("pixel_ai:v1:[^~]*")).length;
  assert.equal(left, 1_501);
  assert.deepEqual(await raw.mget("theirs", "pixel_ai:v2:a"), ["kept", "kept"]);
  assert.equal(await cache.get("kept:tagged"), 1);
  assert.equal((await cache.stats()).totalKeys, 1_501);
  raw.disconnect();
});

redisTest("sets counts right that drifted behind our back", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  for (let i = 0; i < 30; i++) await cache.set(`n:${i}`, i, { ttlSeconds: 1_000 + i * 100 });
  const raw = new Redis(server.url);
  for (let i = 0; i < 10; i++) await raw.del(`pixel_ai:v1:n:${i}`);
  assert.equal((await cache.stats()).totalKeys, 30);
  assert.equal(await cache.sweep(), 0);
  const stats = await cache.stats();
  assert.equal(stats.totalKeys, 20);
  let real = 0;
  for (const key of await raw.keys("pixel_ai:v1:n:*")) real += await raw.strlen(key) + key.length;
  assert.equal(stats.memoryBytes, real);
  await raw.del("pixel_ai:v1:~c:n", "pixel_ai:v1:~n");
  assert.equal((await cache.stats()).totalKeys, 0);
  await cache.sweep();
  assert.equal((await cache.stats()).totalKeys, 20);
  raw.disconnect();
});

redisTest("ends with its signal, and when Redis goes", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.setMany(Array.from({ length: 3_000 }, (_, i) => [`n:${i}`, i] as const));
  await server.call("SET", "pixel_ai:v1:~g:n", "0000000000");
  assert.equal(await cache.sweep(AbortSignal.abort()), 0);
  await server.kill();
  await eventually(() => !cache.connected, "notices");
  assert.equal(await cache.sweep(), 0);
});

redisTest("what the server says of itself", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  const info = await cache.info();
  assert.equal(cache.connected, true);
  assert.ok(info.connectedClients >= 1);
  assert.match(info.usedMemoryHuman, /^[\d.]+[KMG]$/);
  assert.equal(info.maxmemoryPolicy, "noeviction");
  assert.deepEqual([info.evictedKeys, info.maxMemoryBytes], [0, 0]);
  await cache.get("nothing");
  assert.deepEqual(cache.lookups(), { hits: 0, misses: 1 });
  await server.kill();
  await eventually(() => !cache.connected, "notices");
  await assert.rejects(cache.info(), { code: "unavailable" });
});

Deno.test({
  name: "cache clean-up: a server that would refuse writes is warned of at the start",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start({ args: ["--maxmemory", "50mb"] });
    const lines: string[] = [];
    const log = createLogger({ level: "warn", format: "json", write: (line) => lines.push(line) });
    await using _cache = await openCache({
      redisUrl: server.url,
      commandTimeoutMs: PATIENT_MS,
      log,
    });
    await eventually(() => lines.length > 0, "warns");
    assert.match(lines[0]!, /noeviction.*allkeys-lru/);
    await server.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await using _other = await openCache({
      redisUrl: server.url,
      commandTimeoutMs: PATIENT_MS,
      log,
    });
    await _other.info();
    assert.equal(lines.length, 1);
  },
});
