import assert from "node:assert/strict";
import { FakeClock } from "../../lib/clock.ts";
import { type CacheEvent, type CacheService, openCache } from "../../lib/cache/mod.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { RunningTime } from "../support/running_time.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

function outageTest(name: string, fn: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `cache in an outage: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      await using server = await RedisServer.start();
      await fn(server);
    },
  });
}

const down = (cache: CacheService) => eventually(() => !cache.connected, "notices");
const up = (cache: CacheService) =>
  eventually(async () => cache.connected && (await cache.stats()).process.active, "is back");

async function clientsOf(server: RedisServer): Promise<number> {
  const lines = String(await server.call("CLIENT", "LIST")).trim().split("\n");
  return lines.filter((line) => /name=cache/.test(line)).length;
}

outageTest("what could not be deleted is deleted before anybody reads again", async (server) => {
  await using cache = await openCache({ redisUrl: server.url });
  await using other = await openCache({ redisUrl: server.url });
  await cache.setMany([["a", 1], ["b", 1], ["ns:c", 1], ["ns:d", 1], ["kept", 1]]);
  await cache.set("tagged", 1, { tags: ["t"] });
  server.pause();
  await cache.get("nothing");
  await down(cache);
  assert.equal(await cache.delete("a"), false);
  assert.equal(await cache.set("b", 2), false);
  assert.equal(await cache.get("b"), 2, "the process remembers what it was told");
  assert.equal((await cache.clear("ns:*")).complete, false);
  assert.equal(await cache.invalidateTag("t"), false);
  assert.equal((await cache.stats()).unsent.waiting, 4);
  server.resume();
  await up(cache);
  await up(other);
  for (const one of [cache, other]) {
    for (const key of ["a", "b", "ns:c", "ns:d", "tagged"]) {
      assert.equal(await one.get(key), undefined, key);
    }
    assert.equal(await one.get("kept"), 1);
  }
  const { unsent } = await cache.stats();
  assert.equal(unsent.waiting, 0);
  assert.ok(unsent.replayed >= 4);
});

outageTest("thousands of unsent deletions become a few", async (server) => {
  await using cache = await openCache({ redisUrl: server.url });
  await cache.setMany([["n:1", 1], ["m:1", 1]]);
  server.pause();
  await cache.get("nothing");
  for (let i = 0; i < 10_500; i++) await cache.delete(`n:${i}`);
  assert.ok((await cache.stats()).unsent.waiting < 1_000);
  server.resume();
  await up(cache);
  assert.equal(await cache.get("n:1"), undefined);
  assert.equal(await cache.get("m:1"), 1);
});

outageTest("a write that arrives late does not undo what came after it", async (server) => {
  await using cache = await openCache({ redisUrl: server.url });
  server.pause();
  // Sent, unanswered, and lying in the socket until the server goes on.
  assert.equal(await cache.set("k", "late"), false);
  await cache.delete("k");
  server.resume();
  await up(cache);
  assert.equal(await cache.get("k"), undefined);
});

outageTest("the process goes on from what it computes, for a short time", async (server) => {
  const clock = new FakeClock(Date.now());
  await using cache = await openCache({ redisUrl: server.url, outageTtlSeconds: 5, clock });
  await server.kill();
  await down(cache);
  let computed = 0;
  for (let i = 0; i < 20; i++) assert.equal(await cache.getOrSet("k", () => ++computed), 1);
  clock.advance(5_000);
  assert.equal(await cache.getOrSet("k", () => ++computed), 2);
  await server.restart();
  await eventually(() => {
    clock.advance(100);
    return cache.connected;
  }, "is back");
  assert.equal(await cache.get("k"), undefined, "what was learnt meanwhile is not the last word");
});

outageTest("whoever looks on is told when Redis goes and comes", async (server) => {
  const events: CacheEvent[] = [];
  const onEvent = (event: CacheEvent) => void events.push(event);
  await using cache = await openCache({ redisUrl: server.url, onEvent });
  await server.kill();
  await down(cache);
  await server.restart();
  await up(cache);
  const types = events.map((event) => event.type);
  assert.ok(types.indexOf("cache.disconnected") > types.indexOf("cache.connected"));
  assert.ok(types.lastIndexOf("cache.connected") > types.indexOf("cache.disconnected"));
});

outageTest("a listener that throws harms nobody", async (server) => {
  const told = new Set<string>();
  const onEvent = (event: CacheEvent) => {
    told.add(event.type);
    throw new Error("a bad listener");
  };
  await using cache = await openCache({ redisUrl: server.url, onEvent });
  await server.kill();
  await down(cache);
  await server.restart();
  await up(cache);
  assert.ok(told.has("cache.disconnected") && told.has("cache.connected"));
});

outageTest("slow: one call takes no longer than one command may", async (server) => {
  await using proxy = new TcpProxy(server.port);
  await using cache = await openCache({ redisUrl: `redis://127.0.0.1:${proxy.port}` });
  proxy.delayMs = 30; // a command takes 60 ms, a whole getOrSet would take three of them
  using running = new RunningTime();
  let slowest = 0;
  for (let i = 0; i < 8; i++) {
    const { ms, value } = await running.of(() => cache.getOrSet(`k${i}`, () => i));
    assert.equal(value, i);
    slowest = Math.max(slowest, ms);
  }
  assert.ok(slowest < 250, `${slowest} ms`);
  proxy.delayMs = 0;
  await up(cache);
});

outageTest("half open: noticed, bounded, and nothing is left over", async (server) => {
  await using proxy = new TcpProxy(server.port);
  await using cache = await openCache({ redisUrl: `redis://127.0.0.1:${proxy.port}` });
  await using other = await openCache({ redisUrl: server.url, commandTimeoutMs: 5_000 });
  await cache.set("k", "old");
  await eventually(async () => {
    await cache.get("k");
    return (await cache.stats()).process.entries === 1;
  }, "keeps a copy");
  proxy.silent = true;
  await other.set("k", "new");
  using running = new RunningTime();
  const cutAt = running.now();
  // The copy may be read until the silence is noticed, but no longer.
  await eventually(async () => await cache.get("k") !== "old", "empties");
  assert.ok(running.now() - cutAt < 3_500);
  let slowest = 0;
  for (let i = 0; i < 20; i++) {
    const { ms } = await running.of(() => cache.getOrSet("fresh", () => 1));
    slowest = Math.max(slowest, ms);
  }
  assert.ok(slowest < 250, `${slowest} ms`);
  proxy.silent = false;
  proxy.dropAll();
  await up(cache);
  await eventually(async () => await cache.get("k") === "new", "reads what others wrote");
  await eventually(async () => await clientsOf(server) === 4, "two connections for each");
});

outageTest("the reason is that of this outage, not of one before", async (server) => {
  await using cache = await openCache({ redisUrl: server.url });
  server.pause();
  await cache.get("nothing");
  assert.match(String(cache.reason), /timed out/);
  server.resume();
  await eventually(() => cache.connected, "answers");
  await server.kill();
  await down(cache);
  assert.doesNotMatch(String(cache.reason), /timed out/);
  assert.equal((await cache.stats()).redis!.kind, "connection");
});
