/**
 * The conformance suite of the cache for Node: bundled by tests/conformance/cache_node_test.ts and
 * run as `node cache_on_node.mjs <redis url>`.
 */
import nodeTest from "node:test";
import process from "node:process";
import { FakeClock } from "../../lib/clock.ts";
import { openCache } from "../../lib/cache/mod.ts";

// What the suite takes from Deno, and what Node 20 does not have yet.
Object.assign(globalThis, {
  Deno: {
    test: ({ name, fn }: { name: string; fn: () => Promise<void> }) => void nodeTest(name, fn),
  },
});
Promise.withResolvers ??= function <T>() {
  let resolve!: (value: T | PromiseLike<T>) => void, reject!: (reason?: unknown) => void;
  const promise = new Promise<T>((good, bad) => [resolve, reject] = [good, bad]);
  return { promise, resolve, reject };
};

const { cacheConformance } = await import("../conformance/cache_suite.ts");
const [, , redisUrl] = process.argv;
const clock = new FakeClock();
cacheConformance({
  name: "cache in memory on Node",
  open: (options) => openCache({ ...options, clock }),
  elapse(ms) {
    clock.advance(ms);
    return Promise.resolve();
  },
});
let opened = 0;
cacheConformance({
  name: "cache in Redis on Node",
  open: (options) =>
    openCache({ commandTimeoutMs: 60_000, ...options, redisUrl, prefix: `node${opened++}` }),
  elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
