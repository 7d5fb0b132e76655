import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { CacheEvent } from "./cache.ts";
import type { CacheOptions } from "./cache_options.ts";
import { Clearing } from "./clearing.ts";
import { FrontTier } from "./front_tier.ts";
import { InvalidationBus } from "./invalidation_bus.ts";
import { KeySpace } from "./key_space.ts";
import { KeyWaiters } from "./key_waiters.ts";
import type { LookupCounters } from "./lookup_counters.ts";
import { Reclaimer } from "./reclaimer.ts";
import { parseRedisAddress } from "./redis_address.ts";
import { memoryWarning } from "./redis_info.ts";
import { RedisLink } from "./redis_link.ts";
import { Unavailable } from "./unavailable.ts";
import { RedisLocator } from "./redis_locator.ts";
import { RedisStore } from "./redis_store.ts";
import { TierSwitch } from "./tier_switch.ts";
import type { RedisTier } from "./tiers.ts";
import { UnsentInvalidations } from "./unsent.ts";

const DEFAULT_COPY_SECONDS = 60;

export interface RedisTierOptions extends CacheOptions {
  redisUrl: string;
  clock: Clock;
  log: Logger;
  counters: LookupCounters;
  listeners: ReadonlySet<(event: CacheEvent) => void>;
  maxMemoryBytes: number;
  maxMemoryEntries: number;
  commandTimeoutMs: number;
}

/** Connects to Redis and to what it tells of changes, and waits a little for the first answer. */
export async function openRedisTier(options: RedisTierOptions): Promise<{
  redis: RedisTier;
  waiters: KeyWaiters;
  clearing: Clearing;
  reclaimer: Reclaimer;
}> {
  const { clock, log, counters, commandTimeoutMs, tlsCa } = options;
  const address = parseRedisAddress(options.redisUrl);
  const clustered = address.deployment.kind === "cluster";
  const keys = new KeySpace(options.prefix ?? "pixel_ai", clustered);
  const connectTimeoutMs = options.connectTimeoutMs ?? 1_000;
  const locator = new RedisLocator({ address, tlsCa, connectTimeoutMs, slotKey: keys.base });
  const access = { address, tlsCa, connectTimeoutMs, locator };
  const inProcess = options.inProcess ?? true;
  const front = new FrontTier({
    maxBytes: options.maxMemoryBytes,
    maxEntries: inProcess ? options.maxMemoryEntries : 1_000,
    ttlMs: (options.inProcessTtlSeconds ?? DEFAULT_COPY_SECONDS) * 1_000,
    namespaces: counters.namespaces,
  });
  const waiters = new KeyWaiters(clock);
  const tierSwitch = new TierSwitch(front, waiters, clock, (event) => {
    for (const listener of options.listeners) {
      try {
        listener(event);
      } catch (error) {
        log.error("a listener of the cache's events failed", { component: "cache", error });
      }
    }
  });
  const unsent = new UnsentInvalidations(() => link.distrust());
  let connections = 0;
  const link: RedisLink = new RedisLink({
    ...access,
    clock,
    log,
    commandTimeoutMs,
    onAnswer: (connection) => unsent.replay(connection, store),
    onChange: (connected) => {
      tierSwitch.link(connected, link.reason);
      if (!connected) return;
      // After a break this may be another server than the one that tells of changes.
      if (link.connections !== connections) bus?.reset();
      connections = link.connections;
      bus?.connect();
    },
  });
  const store: RedisStore = new RedisStore(link, keys);
  const bus = !inProcess ? null : new InvalidationBus({
    ...access,
    clock,
    log,
    keys,
    trackingAllowed: options.invalidateBy !== "publishing",
    onUp: (by) => {
      store.publishes = by === "publishing";
      tierSwitch.bus(true);
    },
    onDown: () => tierSwitch.bus(false),
    onChange: (storedKey) => tierSwitch.changed(keys, storedKey),
  });
  const redis: RedisTier = { link, store, front, bus, unsent };
  const openWaitMs = options.openWaitMs ?? 1_000;
  if (await link.open(openWaitMs)) await bus?.ready(openWaitMs);
  else {
    log.warn("Redis does not answer, starting without it", {
      component: "cache",
      reason: link.reason,
    });
  }
  void store.info().then((info) => {
    const warning = info instanceof Unavailable ? null : memoryWarning(info);
    if (warning !== null) log.warn(warning, { component: "cache" });
  });
  const reclaimer = new Reclaimer(store);
  return { redis, waiters, clearing: new Clearing(redis, reclaimer, clock), reclaimer };
}
