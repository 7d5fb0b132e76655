/*
 * One cache in a process of its own: subject.mjs NAME REDIS_URL. Takes one case a line on stdin, as
 * JSON, and answers each with one line of JSON on stdout.
 */
import { createInterface } from "node:readline";
import { SUBJECTS } from "./subjects.mjs";

const [name, url] = process.argv.slice(2);
const opened = new Map();

async function cacheFor(inProcess, copy = 0) {
  const place = `${inProcess} ${copy}`;
  const options = { inProcess, readsOthers: copy > 0, outages: copy === 1 };
  if (!opened.has(place)) opened.set(place, await SUBJECTS[name](url, options));
  return opened.get(place);
}

/** A made-up record of about so many bytes as JSON, and not too easy to compress. */
function record(bytes, seed = 1) {
  const items = [];
  let state = seed;
  const next = () => (state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0);
  for (let size = 20; size < bytes; size += 62) {
    items.push({ id: next() % 100_000, name: `customer ${next() % 10_000}`, open: next() % 2 > 0 });
  }
  return { items };
}

/** A case ends after this long, however many calls it was to make. */
const CASE_MS = 1_500;

/**
 * Wall time and CPU of this process, for up to `count` calls by so many callers at once. A call that
 * answers `bad` did not do what is measured; then there is no figure.
 */
async function timed(callers, count, call, bad) {
  const share = Math.ceil(count / callers);
  const run = async (rounds, ms) => {
    const until = performance.now() + ms;
    let calls = 0, failed = 0;
    await Promise.all(Array.from({ length: callers }, async (_, caller) => {
      let i = 0;
      while (i < rounds && (i % 16 > 0 || performance.now() < until)) {
        if (await call(caller, i++) === bad) failed++;
      }
      calls += i;
    }));
    if (failed > 0) throw new Error(`${failed} of ${calls} calls failed`);
    return calls;
  };
  await run(Math.ceil(share / 4), CASE_MS / 3);
  const cpu = process.cpuUsage();
  const from = performance.now();
  const calls = await run(share, CASE_MS);
  const ms = performance.now() - from;
  const used = process.cpuUsage(cpu);
  return { calls, perSecond: calls / ms * 1_000, cpuMicros: (used.user + used.system) / calls };
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const CASES = {
  async hit({ bytes, callers, count, inProcess, copy = 0 }) {
    const cache = await cacheFor(inProcess, copy);
    const keys = Array.from({ length: 64 }, (_, i) => `hit:${bytes}:${i}`);
    for (const key of keys) await cache.set(key, record(bytes));
    await pause(50);
    for (const key of keys) await cache.get(key);
    const before = await cache.processHits?.() ?? 0;
    const figures = await timed(callers, count, (caller) => cache.get(keys[caller % 64]));
    const inside = await cache.processHits?.() - before;
    // Copies go when the connection that tells of changes does; then something else was measured.
    if (inProcess && inside < figures.calls * 0.999) {
      throw new Error(`only ${inside} of ${figures.calls} hits came from the process`);
    }
    return figures;
  },
  async set({ bytes, callers, count }) {
    const cache = await cacheFor(false);
    const value = record(bytes);
    const set = (caller) => cache.set(`set:${bytes}:${caller}`, value);
    return await timed(callers, count, set, false);
  },
  async memory({ bytes }) {
    const cache = await cacheFor(false);
    await cache.set(`memory:${bytes}`, record(bytes));
    const { Redis } = await import("ioredis");
    const redis = new Redis(url);
    const used = await redis.memory("USAGE", cache.storedKey(`memory:${bytes}`));
    await redis.quit();
    return { bytes: used };
  },
  /** Many callers of one cold key; begins at a time that all processes are given. */
  async stampede({ key, callers, at }) {
    const cache = await cacheFor(true, 1);
    let computed = 0;
    await pause(at - Date.now());
    await Promise.all(Array.from({ length: callers }, () =>
      cache.getOrSet(key, async () => {
        computed++;
        await pause(200);
        return "answer";
      })));
    return { computed };
  },
  /** Whole getOrSets of cold keys while Redis is in the state that the caller has put it in. */
  async outage({ count, tag }) {
    const cache = await cacheFor(true, 1);
    if (tag === "warm") {
      for (let i = 0; i < count; i++) await cache.getOrSet(`warm:${i}`, () => i);
      return {};
    }
    const took = [], begun = performance.now();
    for (let i = 0; i < count; i++) {
      const from = performance.now();
      const done = Promise.resolve(cache.getOrSet(`outage:${tag}:${i}`, () => i)).catch(() => {});
      await Promise.race([done, pause(10_000)]);
      took.push(performance.now() - from);
      // A peer that waits for Redis on every call has shown what it does.
      if (took[i] > 9_000 || i > 0 && performance.now() - begun > 20_000) break;
      // Looking whether Redis is back goes on meanwhile, and must not be felt either.
      await pause(10);
    }
    const then = took.length > 1 ? percentile(took.slice(1), 0.99) : took[0];
    return { first: took[0], p99: percentile(took, 0.99), then };
  },
  /** Writes one value and tells when that was finished. */
  async write({ key, value }) {
    const cache = await cacheFor(true, 2);
    if (await cache.set(key, value) === false) throw new Error("it was not written");
    return { at: performance.timeOrigin + performance.now() };
  },
  /**
   * Reads a key on and on while another process counts it up: when the last read was begun that
   * still gave each number.
   */
  async watch({ key, count }) {
    const cache = await cacheFor(true, 2);
    const lastReadAt = Array(count + 1).fill(0);
    const until = performance.now() + 80_000;
    for (let turns = 1, value = 0; value < count && performance.now() < until; turns++) {
      const at = performance.timeOrigin + performance.now();
      value = await cache.get(key) ?? value;
      lastReadAt[value] = at;
      // What has arrived is read between these.
      if (turns % 10 === 0) await pause(0);
    }
    return { lastReadAt };
  },
  /** Clears a namespace while another connection asks on and on. */
  async clear({ count }) {
    const cache = await cacheFor(false);
    for (let from = 0; from < count; from += 10_000) {
      const many = Math.min(10_000, count - from);
      await cache.setMany(Array.from({ length: many }, (_, i) => [`big:${from + i}`, from + i]));
    }
    const { Redis } = await import("ioredis");
    const other = new Redis(url);
    const took = [];
    let asking = true;
    const loop = (async () => {
      while (asking) {
        const from = performance.now();
        await other.get("nothing");
        took.push(performance.now() - from);
      }
    })();
    await pause(200);
    took.length = 0;
    const from = performance.now();
    await cache.clear("big");
    const ms = performance.now() - from;
    // What is reclaimed behind is part of what others feel.
    const until = performance.now() + 30_000;
    for (let last = Infinity; performance.now() < until;) {
      await pause(300);
      const now = Number(await other.dbsize());
      if (now === last) break;
      last = now;
    }
    asking = false;
    await loop;
    const othersP99 = percentile(took, 0.99);
    await other.quit();
    return { ms, othersP99 };
  },
};

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const { case: wanted, ...options } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await CASES[wanted](options)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
process.exit(0);
