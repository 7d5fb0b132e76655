/*
 * The caches that are compared, each behind the same few functions. Every one decodes what it gives
 * back: a value that is still text would not be a value.
 */
/** Put together when it runs: the type check follows literals, and its lock has no peers. */
const DRIVERS = "npm:bentocache@1.6.1/drivers";

/**
 * A cache of ours; `inProcess` = with copies in the process. Its limit for commands is what outages
 * are measured with; elsewhere a busy machine must not look like one.
 */
async function pixel(url, { inProcess, outages, prefix = "bench" }) {
  const { openCache } = await import("../../lib/cache/mod.ts");
  const cache = await openCache({
    redisUrl: url,
    inProcess,
    prefix,
    commandTimeoutMs: outages ? 100 : 5_000,
  });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, { ttlSeconds: 3_600 }),
    getOrSet: (key, factory) => cache.getOrSet(key, factory, { ttlSeconds: 3_600 }),
    setMany: (entries) => cache.setMany(entries, { ttlSeconds: 3_600 }),
    clear: (namespace) => cache.clear(`${namespace}:*`),
    /** Where an entry lies in Redis. */
    storedKey: (key) => `${prefix}:v1:${key}`,
    processHits: async () => (await cache.stats()).process.hits,
    close: () => cache.close(),
  };
}

async function ioredis(url) {
  const { Redis } = await import("ioredis");
  const redis = new Redis(url);
  await redis.ping();
  const get = async (key) => {
    const text = await redis.get(key);
    return text === null ? undefined : JSON.parse(text);
  };
  const set = (key, value) => redis.set(key, JSON.stringify(value), "PX", 3_600_000);
  return {
    get,
    set,
    async setMany(entries) {
      const pipeline = redis.pipeline();
      for (const [key, value] of entries) {
        pipeline.set(key, JSON.stringify(value), "PX", 3_600_000);
      }
      await pipeline.exec();
    },
    async clear(namespace) {
      let cursor = "0";
      do {
        const [next, keys] = await redis.scan(
          cursor,
          "MATCH",
          `${namespace}:*`,
          "COUNT",
          1_000,
        );
        if (keys.length > 0) await redis.unlink(keys);
        cursor = next;
      } while (cursor !== "0");
    },
    storedKey: (key) => key,
    close: () => redis.quit(),
  };
}

async function nodeRedis(url) {
  const { createClient } = await import("redis");
  const client = await createClient({ url }).on("error", () => {}).connect();
  return {
    async get(key) {
      const text = await client.get(key);
      return text === null ? undefined : JSON.parse(text);
    },
    set: (key, value) => client.set(key, JSON.stringify(value), { PX: 3_600_000 }),
    storedKey: (key) => key,
    close: () => client.close(),
  };
}

async function bentocache(url, { inProcess, readsOthers }) {
  const { BentoCache, bentostore } = await import("bentocache");
  const { redisDriver, redisBusDriver } = await import(`${DRIVERS}/redis`);
  const { memoryDriver } = await import(`${DRIVERS}/memory`);
  const { hostname, port } = new URL(url);
  const connection = { host: hostname, port: Number(port) };
  // Decoded copies are its fastest way, but it cannot then take over what another process wrote.
  let store = bentostore().useL2Layer(redisDriver({ connection }));
  if (inProcess) {
    store = store.useL1Layer(
      memoryDriver({ maxItems: 100_000, serialize: readsOthers }),
    )
      .useBus(redisBusDriver({ connection }));
  }
  const bento = new BentoCache({ default: "main", stores: { main: store } });
  return {
    get: (key) => bento.get({ key }),
    set: (key, value) => bento.set({ key, value, ttl: "1h" }),
    getOrSet: (key, factory) => bento.getOrSet({ key, factory, ttl: "1h" }),
    storedKey: (key) => `bentocache:${key}`,
    close: () => bento.disconnectAll(),
  };
}

async function cacheManager(url, { inProcess }) {
  const { createCache } = await import("cache-manager");
  const { Keyv } = await import("keyv");
  const { default: KeyvRedis } = await import("@keyv/redis");
  const redis = new Keyv({ store: new KeyvRedis(url), useKeyPrefix: false });
  const stores = inProcess ? [new Keyv(), redis] : [redis];
  const cache = createCache({ stores, ttl: 3_600_000 });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getOrSet: (key, factory) => cache.wrap(key, factory),
    storedKey: (key) => key,
    close: () => cache.disconnect(),
  };
}

export const SUBJECTS = {
  "pixel": pixel,
  "ioredis": ioredis,
  "node-redis": nodeRedis,
  "bentocache": bentocache,
  "cache-manager": cacheManager,
};
