import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { openCache } from "../../lib/cache/mod.ts";
import { RedisServer } from "../support/redis.ts";

/** Other tests may keep the machine busy; how long Redis takes is not what is tested here. */
const PATIENT_MS = 60_000;

function redisTest(name: string, fn: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `cache in Redis: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      await using server = await RedisServer.start();
      await fn(server);
    },
  });
}

redisTest("nothing outside the prefix is read, counted or touched", async (server) => {
  const foreign = ["pixel_ai", "pixel_ai:v2:a", "pixel_aiXv1:a", "other:v1:a", "a"];
  for (const key of foreign) await server.call("SET", key, "theirs");
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await using other = await openCache({
    redisUrl: server.url,
    commandTimeoutMs: PATIENT_MS,
    prefix: "pixel_?i",
  });
  await cache.set("a", 1);
  await other.set("a", 2);
  assert.equal((await cache.stats()).totalKeys, 1);
  assert.deepEqual(await other.clear(), { cleared: 1, complete: true });
  assert.equal(await cache.get("a"), 1);
  assert.deepEqual(await cache.clear("*"), { cleared: 1, complete: true });
  for (const key of foreign) assert.equal(await server.call("GET", key), "theirs");
});

redisTest("a long clearing stops in time and goes on where it was", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  const count = 5_000;
  await cache.setMany(Array.from({ length: count }, (_, i) => [`n:${i}`, i] as const));
  await cache.set("kept", 1);
  let cleared = 0, calls = 0, cursor: string | undefined;
  do {
    const step = await cache.clear("n:*[0-9]", { waitMs: 0, cursor });
    cleared += step.cleared;
    cursor = step.cursor;
    assert.equal(step.reason, undefined);
    assert.equal(step.complete, cursor === undefined);
    calls++;
  } while (cursor !== undefined);
  assert.equal(cleared, count);
  assert.ok(calls >= 3, `in ${calls} calls`);
  assert.equal(await cache.get("kept"), 1);
  assert.equal((await cache.stats()).totalKeys, 1);
});

redisTest("a cursor that is none of ours is the start", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.setMany([["a:1", 1], ["a:2", 2]]);
  const cleared = await cache.clear("a:[0-9]", { cursor: "of another kind" });
  assert.deepEqual(cleared, { cleared: 2, complete: true });
});

redisTest("garbage under our keys is a counted miss and can be overwritten", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.set("real", { a: 1 });
  const raw = new Redis(server.url);
  const real = (await raw.getBuffer("pixel_ai:v1:real"))!;
  const head = real.subarray(0, 75).toString();
  const garbage: Record<string, string | Uint8Array> = {
    empty: "",
    text: "garbage",
    random: crypto.getRandomValues(new Uint8Array(300)),
    truncated: real.subarray(0, real.length - 3),
    "another version": real.toString().replace("P1", "P2"),
    "not compressed": real.toString().replace("P1j-", "P1jz"),
    "another codec": real.toString().replace("P1j-", "P1v-"),
    "a bomb": head.replace("P1j-", "P1jz").replace(/\d{9}(?=\d{6}$)/, "999999999") +
      real.subarray(75).toString(),
  };
  for (const [name, bytes] of Object.entries(garbage)) {
    await raw.set(`pixel_ai:v1:${name}`, bytes as string);
  }
  await raw.rpush("pixel_ai:v1:list", "x");
  const names = [...Object.keys(garbage), "list"];
  for (const name of names) assert.equal(await cache.get(name), undefined, name);
  assert.ok((await cache.stats()).damaged >= 8);
  for (const name of names) assert.equal(await cache.getOrSet(name, () => name), name);
  for (const name of names) assert.equal(await cache.get(name), name, name);
  await raw.set("pixel_ai:v1:text", "garbage again");
  assert.equal(await cache.delete("text"), true);
  raw.disconnect();
});

redisTest("large values are compressed in Redis, small and dense ones are not", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  const words = Array.from({ length: 900 }, (_, i) => `customer ${i * 7919 % 1_000}`);
  const value = { words, note: "ü".repeat(1_000) };
  const raw = JSON.stringify(value).length;
  await cache.set("large", value);
  await cache.set("small", "x".repeat(4_000));
  await cache.set("dense", crypto.getRandomValues(new Uint8Array(50_000)));
  const stored = async (key: string) => Number(await server.call("STRLEN", `pixel_ai:v1:${key}`));
  assert.ok(await stored("large") < raw / 3, `${await stored("large")} of ${raw}`);
  assert.ok(await stored("small") > 4_000);
  assert.ok(await stored("dense") > 50_000);
  assert.deepStrictEqual(await cache.get("large"), value);
  assert.ok((await cache.stats()).bytesSavedByCompression > raw / 2);
});

redisTest("counts follow overwriting, expiry changes and other processes", async (server) => {
  await using one = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await using two = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  for (let i = 0; i < 20; i++) await one.set(`n:${i % 4}`, i, { ttlSeconds: 10 + i * 40 });
  await two.set("n:0", "from the other");
  await two.expire("n:1", 4_000);
  await one.delete("n:2");
  await two.delete("n:2");
  for (const cache of [one, two]) {
    const stats = await cache.stats();
    assert.deepEqual([stats.totalKeys, stats.totalsExact], [3, true]);
    assert.equal(stats.namespaces.find((row) => row.name === "n")?.keys, 3);
  }
  const bytes = (await one.stats()).memoryBytes;
  let real = 0;
  for (const key of ["n:0", "n:1", "n:3"]) {
    real += Number(await server.call("STRLEN", `pixel_ai:v1:${key}`)) + `pixel_ai:v1:${key}`.length;
  }
  assert.equal(bytes, real);
});

redisTest("an invalidation by another process discards a fill under way", async (server) => {
  await using one = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await using two = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = one.getOrSet("k", async () => {
    started.resolve();
    await gate.promise;
    return "older";
  }, { tags: ["t"] });
  await started.promise;
  await two.invalidateTag("t");
  gate.resolve();
  assert.equal(await slow, "older");
  assert.equal(await one.get("k"), undefined);
  assert.equal((await one.stats()).refusals.obsolete, 1);
});

redisTest("everything of ours expires by itself", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.set("ns:a", 1, { tags: ["t"] });
  await cache.getOrSet("other:b", () => 1, { tags: ["u"] });
  await cache.invalidateTag("v");
  const keys = await server.call("KEYS", "*") as string[];
  for (const key of keys) {
    const ttl = Number(await server.call("TTL", key));
    if (key === "pixel_ai:v1:~n") continue; // one small set, emptied when its namespaces are
    assert.ok(ttl > 0 && ttl <= 2 * 86_400, `${key}: ${ttl}`);
  }
});

redisTest("closing leaves no connection behind", async (server) => {
  const cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  await cache.set("a", 1);
  await cache.close();
  await cache.close();
  const clients = String(await server.call("CLIENT", "LIST")).trim().split("\n");
  assert.equal(clients.length, 1, clients.join("\n"));
});

redisTest("reads of one tick are one MGET, and writes one script", async (server) => {
  await using cache = await openCache({
    redisUrl: server.url,
    commandTimeoutMs: PATIENT_MS,
    inProcess: false,
  });
  const keys = Array.from({ length: 30 }, (_, i) => `tick:${i}`);
  await cache.set("tick:first", 0);
  const counted = async (command: string) => {
    const stats = String(await server.call("INFO", "commandstats"));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  const scripts = await counted("evalsha"), reads = await counted("mget");
  assert.ok((await Promise.all(keys.map((key) => cache.set(key, key)))).every(Boolean));
  assert.equal(await counted("evalsha"), scripts + 1);
  assert.deepEqual(await Promise.all(keys.map((key) => cache.get(key))), keys);
  assert.equal(await counted("mget"), reads + 1);
  assert.equal(await counted("get"), 2, "the namespace's generation, once a script");
});

redisTest("texts, bytes and names beyond ASCII travel in one script", async (server) => {
  await using cache = await openCache({
    redisUrl: server.url,
    commandTimeoutMs: PATIENT_MS,
    prefix: "präfix",
  });
  const values = new Map<string, unknown>([
    ["größe:ä", "grüße 🦕"],
    ["größe:b", new Uint8Array([0, 13, 10, 255])],
    ["größe:c", { text: "ü".repeat(3_000) }],
    ["größe:d", new Map([[1n, "x"]])],
    ["größe:e", ""],
  ]);
  assert.equal(await cache.setMany(values, { tags: ["märz", "🦕"] }), values.size);
  assert.deepEqual(await cache.getMany([...values.keys()]), [...values.values()]);
  assert.deepEqual((await cache.inspect("größe:b"))!.tags, ["märz", "🦕"]);
  assert.equal(await cache.invalidateTag("märz"), true);
  assert.equal(await cache.get("größe:ä"), undefined);
});

redisTest("a script that the server has forgotten is sent to it again", async (server) => {
  await using cache = await openCache({ redisUrl: server.url, commandTimeoutMs: PATIENT_MS });
  assert.equal(await cache.set("k", 1), true);
  await server.call("SCRIPT", "FLUSH");
  assert.deepEqual(await Promise.all([cache.set("k", 2), cache.set("l", 3)]), [true, true]);
  assert.equal(cache.connected, true);
  assert.deepEqual(await cache.getMany(["k", "l"]), [2, 3]);
});
