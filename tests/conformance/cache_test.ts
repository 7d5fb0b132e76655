import { FakeClock } from "../../lib/clock.ts";
import { openCache } from "../../lib/cache/mod.ts";
import { RedisServer } from "../support/redis.ts";
import { cacheConformance } from "./cache_suite.ts";

const clock = new FakeClock();
cacheConformance({
  name: "cache in memory",
  open: (options) => openCache({ ...options, clock }),
  elapse(ms) {
    clock.advance(ms);
    return Promise.resolve();
  },
});

let server: RedisServer | null = null;
Deno.test.beforeAll(async () => {
  server = await RedisServer.start();
});
Deno.test.afterAll(async () => {
  await server?.stop();
});

let opened = 0;
cacheConformance({
  name: "cache in Redis",
  open: (options) =>
    openCache({
      commandTimeoutMs: 60_000,
      ...options,
      redisUrl: server!.url,
      prefix: `[test*?${opened++}]`,
    }),
  elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
