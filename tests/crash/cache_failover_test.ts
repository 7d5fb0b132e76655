import assert from "node:assert/strict";
import { type CacheService, openCache } from "../../lib/cache/mod.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";

const OPTIONS = { commandTimeoutMs: 1_000, openWaitMs: 10_000 };

const up = (cache: CacheService) =>
  eventually(
    async () => {
      const stats = await cache.stats();
      return stats.connected && stats.process.active;
    },
    "is back",
  );

/** What holds before, during and after the primary is killed, for two processes. */
async function failsOver(url: string, kill: () => Promise<void>): Promise<void> {
  await using one = await openCache({ redisUrl: url, ...OPTIONS });
  await using two = await openCache({ redisUrl: url, ...OPTIONS });
  await Promise.all([up(one), up(two)]);
  const many = Array.from({ length: 200 }, (_, i) => [`n:${i}`, i] as const);
  assert.equal(await one.setMany(many, { tags: ["t"] }), 200);
  assert.deepEqual(await two.getMany(many.map(([key]) => key)), many.map(([, value]) => value));
  assert.equal((await two.stats()).totalKeys, 200);
  await kill();
  await eventually(async () => !(await one.stats()).connected, "notices");
  assert.equal(await one.getOrSet("during", () => "computed"), "computed");
  assert.equal(await one.delete("n:1"), false, "cannot be told yet");
  await Promise.all([up(one), up(two)]);
  assert.equal(await one.get("n:1"), undefined, "what was deleted meanwhile stays deleted");
  await eventually(async () => await one.set("after", 1), "writes again");
  assert.equal(await two.get("after"), 1);
  assert.equal(await two.set("after", 2), true);
  await eventually(async () => await one.get("after") === 2, "tells of changes");
  assert.equal((await one.clear("n:*")).complete, true);
  await eventually(async () => await two.get("n:2") === undefined, "clears");
  const scanned = await one.clear("*fter");
  assert.deepEqual(scanned, { cleared: 1, complete: true });
}

Deno.test({
  name: "cache in a Cluster: one slot holds it, and its replica takes over",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using cluster = await RedisCluster.start("{pixel_ai}:v1:");
    await failsOver(cluster.url, () => cluster.owner.kill());
  },
});

Deno.test({
  name: "cache behind Sentinel: goes to whoever is the primary",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using primary = await RedisServer.start();
    await using replica = await RedisServer.start({
      args: ["--replicaof", "127.0.0.1", String(primary.port)],
    });
    const linked = async () =>
      String(await replica.call("INFO", "replication")).includes("master_link_status:up");
    await eventually(linked, "replicates");
    await using sentinel = await RedisServer.start({
      args: ["--sentinel"],
      config: [
        `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
        "sentinel down-after-milliseconds main 500",
        "sentinel failover-timeout main 5000",
      ].join("\n"),
    });
    await eventually(
      async () => {
        const known = await sentinel.call("SENTINEL", "replicas", "main") as unknown[];
        return known.length === 1;
      },
      "knows the replica",
    );
    await failsOver(`redis+sentinel://127.0.0.1:${sentinel.port}/main`, () => primary.kill());
  },
});

Deno.test({
  name: "cache behind Sentinel: a name that nobody knows is a reason, not an error",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    const redisUrl = `redis+sentinel://127.0.0.1:${server.port}/main`;
    await using cache = await openCache({ redisUrl, openWaitMs: 100 });
    assert.equal(await cache.getOrSet("k", () => 1), 1);
    assert.match((await cache.stats()).redis!.reason!, /no sentinel node knows/);
  },
});
