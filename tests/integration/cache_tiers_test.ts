import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { type CacheOptions, type CacheService, openCache } from "../../lib/cache/mod.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { RunningTime } from "../support/running_time.ts";

/** Other tests may keep the machine busy; how long Redis takes is not what is tested here. */
const PATIENT_MS = 60_000;

/** Each test runs with both ways in which processes learn of changes. */
function tierTest(
  name: string,
  fn: (server: RedisServer, open: () => Promise<CacheService>) => Promise<void>,
): void {
  for (const invalidateBy of ["tracking", "publishing"] as const) {
    Deno.test({
      name: `cache tiers (${invalidateBy}): ${name}`,
      sanitizeOps: true,
      sanitizeResources: true,
      async fn() {
        await using server = await RedisServer.start();
        const options: CacheOptions = {
          redisUrl: server.url,
          invalidateBy,
          commandTimeoutMs: PATIENT_MS,
          inProcessTtlSeconds: 3_600, // a copy that is out of date does not go by itself
        };
        await fn(server, () => openCache(options));
      },
    });
  }
}

const reads = async (server: RedisServer) => {
  const stats = String(await server.call("INFO", "commandstats"));
  return Number(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1] ?? 0);
};

tierTest("a second read asks nobody and gives the same object", async (server, open) => {
  await using cache = await open();
  await cache.set("a:k", { n: 1 });
  await eventually(async () => {
    await cache.get("a:k");
    return (await cache.stats()).process.entries === 1;
  }, "keeps a copy");
  const before = await reads(server);
  const first = await cache.get("a:k");
  assert.equal(await cache.get("a:k"), first);
  assert.equal(await reads(server), before);
  const { process, shared } = await cache.stats();
  assert.equal(process.active, true);
  assert.ok(process.hits >= 2 && shared!.hits >= 1);
});

const changes: Record<string, (cache: CacheService) => Promise<unknown>> = {
  set: (cache) => cache.set("a:k", "new"),
  delete: (cache) => cache.delete("a:k"),
  expire: (cache) => cache.expire("a:k", 0.001),
  "clear one": (cache) => cache.clear("a:k"),
  "clear namespace": (cache) => cache.clear("a:*"),
  "clear pattern": (cache) => cache.clear("*:k"),
  "clear everything": (cache) => cache.clear(),
  tag: (cache) => cache.invalidateTag("t"),
};
for (const [name, change] of Object.entries(changes)) {
  tierTest(`another process's change is seen: ${name}`, async (_server, open) => {
    await using one = await open();
    await using two = await open();
    await one.set("a:k", "old", { tags: ["t"] });
    await eventually(async () => {
      await two.get("a:k");
      return (await two.stats()).process.entries === 1;
    }, "keeps a copy");
    await change(one);
    const expected = name === "set" ? "new" : undefined;
    await eventually(async () => await two.get("a:k") === expected, "sees it");
    assert.equal(await two.get("a:k"), expected);
  });
}

tierTest("a lost connection for changes empties the process's tier", async (server, open) => {
  await using cache = await open();
  await cache.set("k", 1);
  await eventually(async () => {
    await cache.get("k");
    return (await cache.stats()).process.entries === 1;
  }, "keeps a copy");
  const raw = new Redis(server.url);
  const clients = String(await raw.call("CLIENT", "LIST")).split("\n");
  const bus = clients.find((line) => line.includes("name=cache-changes"))!;
  await raw.call("CLIENT", "KILL", "ID", /id=(\d+)/.exec(bus)![1]!);
  await eventually(async () => (await cache.stats()).process.entries === 0, "empties");
  await raw.set("pixel_ai:v1:k", "changed while nobody listened");
  assert.equal(await cache.get("k"), undefined);
  await eventually(async () => (await cache.stats()).process.active, "listens again");
  raw.disconnect();
});

tierTest("readers never go back to an older value, whoever writes", async (_server, open) => {
  await using writer = await open();
  await using reader = await open();
  let seen = 0, reads = 0;
  let writing = true;
  const reading = (async () => {
    while (writing) {
      const value = await reader.get<number>("k") ?? seen;
      assert.ok(value >= seen, `${value} after ${seen}`);
      seen = value;
      if (++reads % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  })();
  for (let i = 1; i <= 300; i++) {
    assert.equal(await writer.set("k", i), true);
    assert.equal(await writer.get("k"), i, "its own write is read at once");
  }
  await eventually(() => seen === 300, "sees the last");
  writing = false;
  await reading;
});

tierTest("one computes for all processes", async (_server, open) => {
  const caches = await Promise.all([open(), open(), open(), open()]);
  let computed = 0;
  const answers = await Promise.all(
    caches.flatMap((cache) =>
      Array.from({ length: 50 }, () =>
        cache.getOrSet("cold", async () => {
          computed++;
          await new Promise((resolve) => setTimeout(resolve, 100));
          return "answer";
        }))
    ),
  );
  assert.equal(computed, 1);
  assert.deepEqual(new Set(answers), new Set(["answer"]));
  for (const cache of caches) await cache.close();
});

tierTest("a failed computation lets the next process try at once", async (_server, open) => {
  await using one = await open();
  await using two = await open();
  const started = Promise.withResolvers<void>();
  const failing = one.getOrSet("k", async () => {
    started.resolve();
    await new Promise((resolve) => setTimeout(resolve, 30));
    throw new Error("failed");
  });
  const refused = assert.rejects(failing, /failed/);
  await started.promise;
  using running = new RunningTime();
  const { ms, value } = await running.of(() => two.getOrSet("k", () => "second"));
  assert.equal(value, "second");
  assert.ok(ms < 1_000, "without waiting for the lease to end");
  await refused;
  assert.equal(await one.get("k"), "second");
});

tierTest("a write of another process wins over a computation under way", async (_server, open) => {
  await using one = await open();
  await using two = await open();
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = one.getOrSet("k", async () => {
    started.resolve();
    await gate.promise;
    return "older";
  });
  await started.promise;
  await two.set("k", "newer");
  gate.resolve();
  assert.equal(await slow, "older");
  assert.equal(await one.get("k"), "newer");
  assert.equal((await one.stats()).refusals.obsolete, 1);
});

tierTest("clearing a namespace is one step, and its memory comes back", async (server, open) => {
  await using cache = await open();
  const count = 5_000;
  await cache.setMany(Array.from({ length: count }, (_, i) => [`n:${i}`, i] as const));
  await cache.set("kept:1", 1);
  assert.deepEqual(await cache.clear("n:*"), { cleared: count, complete: true });
  const stats = await cache.stats();
  assert.equal(stats.totalKeys, 1);
  assert.equal(await cache.get("n:1"), undefined);
  await cache.set("n:1", "new");
  await eventually(async () => {
    const keys = await server.call("KEYS", "pixel_ai:v1:n:*") as string[];
    return keys.length === 1;
  }, "reclaims");
  assert.equal(await cache.get("n:1"), "new");
  assert.equal((await cache.stats()).totalKeys, 2);
});

Deno.test({
  name: "cache tiers: a server that does not track keys is published through instead",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    await server.call("ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all");
    await server.call("ACL", "SETUSER", "plain", "-client|tracking");
    const redisUrl = server.url.replace("redis://", "redis://plain:secret@");
    const options = { redisUrl, commandTimeoutMs: PATIENT_MS };
    await using one = await openCache(options);
    await using two = await openCache(options);
    assert.equal((await one.stats()).process.invalidatedBy, "publishing");
    await one.set("k", 1);
    await eventually(async () => {
      await two.get("k");
      return (await two.stats()).process.entries === 1;
    }, "keeps a copy");
    await one.set("k", 2);
    await eventually(async () => await two.get("k") === 2, "sees the change");
  },
});
