import assert from "node:assert/strict";
import { type CacheService, openCache } from "../../lib/cache/mod.ts";
import { long, randomFor, rounds } from "../support/randomness.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";
import { RunningTime } from "../support/running_time.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const KEYS = 40;
/**
 * A call may wait for the lease of a process that was cut off while computing (1,000 ms), then take
 * one command's time and the watchdog's steps.
 */
const SLOWEST_MS = 1_500;
/** So many are given before a fault and after it. */
const ANSWERS_AROUND = 30;
/** Nothing may come right by growing old. */
const OLD_SECONDS = 3_600;

/** What the cached values come from: every key has a version that only grows. */
class Source {
  readonly versions = new Map<string, number>();

  version(key: string): number {
    return this.versions.get(key) ?? 0;
  }

  change(key: string): void {
    this.versions.set(key, this.version(key) + 1);
  }
}

Deno.test({
  name: "cache soak: random faults under load, and afterwards every process agrees",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const random = randomFor("cache soak");
    await using server = await RedisServer.start();
    const proxies = [new TcpProxy(server.port), new TcpProxy(server.port)];
    const urls = [server.url, ...proxies.map((proxy) => `redis://127.0.0.1:${proxy.port}`)];
    const lives = { inProcessTtlSeconds: OLD_SECONDS, outageTtlSeconds: OLD_SECONDS };
    const caches = await Promise.all(urls.map((redisUrl) => openCache({ redisUrl, ...lives })));
    const source = new Source();
    const key = () => `${random.chance(0.5) ? "a" : "b"}:${random.between(0, KEYS - 1)}`;
    using running = new RunningTime();
    let answers = 0, slowest = 0;

    const read = async (cache: CacheService) => {
      const asked = key();
      const compute = () => ({ key: asked, at: source.version(asked) });
      const tags = [`tag:${asked.slice(0, 1)}`];
      const { ms, value } = await running.of(() => cache.getOrSet(asked, compute, { tags }));
      slowest = Math.max(slowest, ms);
      assert.equal(value.key, asked, "an answer to another question");
      assert.ok(value.at <= source.version(asked), "an answer from the future");
      answers++;
    };
    const change = async (cache: CacheService) => {
      const changed = key();
      const kind = random.between(0, 9);
      if (kind < 8) {
        // Only one process sets a key, one after the other: whose write came last is then known.
        const own = kind < 6 ? changed : `${caches.indexOf(cache)}:${changed.slice(2)}`;
        source.change(own);
        if (kind < 6) await cache.delete(own);
        else await cache.set(own, { key: own, at: source.version(own) });
        return;
      }
      const namespace = changed.slice(0, 1);
      for (let i = 0; i < KEYS; i++) source.change(`${namespace}:${i}`);
      if (kind === 8) await cache.clear(`${namespace}:*`);
      else await cache.invalidateTag(`tag:${namespace}`);
    };
    let loaded = true;
    const load = () =>
      caches.map(async (cache) => {
        while (loaded) {
          await Promise.all([read(cache), read(cache), random.chance(0.3) ? change(cache) : null]);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });

    const faults: Record<string, () => Promise<void> | void> = {
      hang: async () => {
        server.pause();
        await pause(random.between(20, 400));
        server.resume();
      },
      restart: () => server.restart(),
      slow: async () => {
        for (const proxy of proxies) proxy.delayMs = random.between(5, 80);
        await pause(random.between(50, 400));
        for (const proxy of proxies) proxy.delayMs = 0;
      },
      silent: async () => {
        const proxy = proxies[random.between(0, 1)]!;
        proxy.silent = true;
        await pause(random.between(50, 400));
        proxy.silent = false;
        proxy.dropAll();
      },
      drop: () => proxies[random.between(0, 1)]!.dropAll(),
      full: async () => {
        await server.call("CONFIG", "SET", "maxmemory", "1mb");
        await pause(100);
        await server.call("CONFIG", "SET", "maxmemory", "0");
      },
    };
    const names = Object.keys(faults);
    for (let round = 0; round < rounds(12, 400); round++) {
      const name = round < names.length
        ? names[round]!
        : names[random.between(0, names.length - 1)]!;
      loaded = true;
      const working = load();
      const more = () => {
        const enough = answers + ANSWERS_AROUND;
        return eventually(() => answers >= enough, `round ${round} (${name}): answers`);
      };
      await more();
      await faults[name]!();
      await more();
      loaded = false;
      await Promise.all(working);
      await eventually(
        async () => {
          const stats = await Promise.all(caches.map((cache) => cache.stats()));
          return stats.every((one) =>
            one.connected && one.process.active && one.unsent.waiting === 0
          );
        },
        `round ${round} (${name}): all are back`,
      );
      await eventually(() => allAgree(caches, source), `round ${round} (${name}): all agree`);
    }
    if (long) console.log(`${answers} answers, the slowest after ${Math.round(slowest)} ms`);
    assert.ok(slowest < SLOWEST_MS, `the slowest answer took ${slowest} ms`);
    await eventually(async () => {
      const clients = String(await server.call("CLIENT", "LIST")).trim().split("\n");
      return clients.filter((line) => line.includes("name=cache")).length === 2 * caches.length;
    }, "two connections for each");
    for (const cache of caches) await cache.close();
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    await eventually(async () => {
      return !String(await server.call("CLIENT", "LIST")).includes("name=cache");
    }, "no connection is left over");
  },
});

/** Whether no process has anything but the newest version of anything. */
async function allAgree(caches: CacheService[], source: Source): Promise<boolean> {
  for (const cache of caches) {
    for (const namespace of ["a", "b", "0", "1", "2"]) {
      for (let i = 0; i < KEYS; i++) {
        const key = `${namespace}:${i}`;
        const value = await cache.get<{ at: number }>(key);
        if (value !== undefined && value.at !== source.version(key)) return false;
      }
    }
  }
  return true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
