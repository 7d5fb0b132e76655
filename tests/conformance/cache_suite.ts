import assert from "node:assert/strict";
import type { CacheOptions, CacheService } from "../../lib/cache/mod.ts";
import { eventually } from "../support/eventually.ts";

/** A kind of cache, and how time passes for it. */
export interface CacheSubject {
  name: string;
  open(options?: Partial<CacheOptions>): Promise<CacheService>;
  /** Lets at least `ms` go by. */
  elapse(ms: number): Promise<void>;
}

/** Lets what has been started come to where it waits. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** In seconds; what is to be over is waited for, with some milliseconds more. */
const BRIEF = 0.05;

/**
 * Does something with an entry of a brief life that must end before that does, and lets its time go
 * by. Where the machine was too slow for it, the life gets longer.
 */
async function briefly(
  subject: CacheSubject,
  act: (lifeSeconds: number) => Promise<void>,
): Promise<void> {
  for (let life = BRIEF;; life *= 4) {
    const startedAt = performance.now();
    try {
      await act(life);
    } catch (error) {
      if (performance.now() - startedAt < life * 1_000) throw error;
      continue;
    }
    return await subject.elapse(life * 1_000 + 10);
  }
}

/** What every cache must do, whatever it keeps its entries in. */
export function cacheConformance(subject: CacheSubject): void {
  const check = (what: string, test: (cache: CacheService) => Promise<void>) =>
    Deno.test({
      name: `${subject.name}: ${what}`,
      sanitizeOps: true,
      sanitizeResources: true,
      async fn() {
        // Not `await using`: the suite runs on Node 20 too.
        const cache = await subject.open();
        try {
          await test(cache);
        } finally {
          await cache.close();
        }
      },
    });

  check("a missing key is undefined, a stored null is null", async (cache) => {
    assert.equal(await cache.get("nothing"), undefined);
    assert.equal(await cache.set("null", null), true);
    assert.equal(await cache.get("null"), null);
    assert.equal(await cache.set("undefined", undefined), false);
  });

  const values: Record<string, unknown> = {
    text: "grüße 🦕",
    "empty text": "",
    zero: 0,
    "minus zero": -0,
    false: false,
    list: [1, [2, { three: 3 }]],
    "lone surrogate": "a\ud800b",
    date: new Date(1_234_567_890_123),
    map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n, "x"])]]),
    bigint: 12345678901234567890n,
    bytes: new Uint8Array([0, 255, 128, 10]),
    "no bytes": new Uint8Array(0),
    nan: { value: NaN, infinite: -Infinity },
    "prototype as a key": JSON.parse('{"__proto__": {"polluted": true}}'),
    large: { text: "lorem ipsum ".repeat(2_000), list: Array.from({ length: 500 }, (_, i) => i) },
    incompressible: crypto.getRandomValues(new Uint8Array(20_000)),
  };
  for (const [name, value] of Object.entries(values)) {
    check(`gives back what it was given: ${name}`, async (cache) => {
      assert.equal(await cache.set("k", value), true);
      for (let read = 0; read < 2; read++) assert.deepStrictEqual(await cache.get("k"), value);
    });
  }

  check("nobody can change what others read", async (cache) => {
    const given = { list: [1], when: new Date(0) };
    const plain = { list: [1] };
    await cache.set("clone", given);
    await cache.set("plain", plain);
    given.list.push(2);
    plain.list.push(2);
    const first = await cache.get<typeof given>("clone");
    first!.list.push(3);
    assert.deepStrictEqual(await cache.get("clone"), { list: [1], when: new Date(0) });
    const frozen = await cache.get<typeof plain>("plain");
    assert.throws(() => frozen!.list.push(3), TypeError);
    assert.deepStrictEqual(await cache.get("plain"), { list: [1] });
  });

  check("refuses what cannot be written down, and forgets what was there", async (cache) => {
    await cache.set("k", 1);
    assert.equal(await cache.set("k", { run() {} }), false);
    assert.equal(await cache.get("k"), undefined);
    assert.equal((await cache.stats()).refusals.unserialisable, 1);
  });

  check("refuses keys that could be mistaken for others", async (cache) => {
    for (const key of ["", "a\ud800", "x".repeat(1_025)]) {
      assert.equal(await cache.set(key, 1), false);
      assert.equal(await cache.get(key), undefined);
      assert.equal(await cache.delete(key), false);
      assert.equal(await cache.getOrSet(key, () => 7), 7);
    }
    assert.ok((await cache.stats()).refusals.bad_key! >= 3);
  });

  check("odd keys are keys of their own", async (cache) => {
    const keys = ["~", "~~", "~g:", "~c:x", "a*", "a?", "[ab]", "a\\", "a/b c", "ü", ":", "a::b"];
    for (const key of keys) assert.equal(await cache.set(key, `of ${key}`), true);
    for (const key of keys) assert.equal(await cache.get(key), `of ${key}`);
    assert.equal((await cache.stats()).totalKeys, keys.length);
    assert.equal(await cache.delete("a*"), true);
    assert.equal(await cache.get("a?"), "of a?");
    assert.equal((await cache.clear("~*")).cleared, 4);
    assert.equal(await cache.get("ü"), "of ü");
  });

  check("has, delete and their answers", async (cache) => {
    await cache.set("k", 1);
    assert.equal(await cache.has("k"), true);
    assert.equal(await cache.delete("k"), true);
    assert.equal(await cache.delete("k"), false);
    assert.equal(await cache.has("k"), false);
  });

  check("getMany keeps the order, setMany counts", async (cache) => {
    assert.equal(await cache.setMany([["a", 1], ["b", 2], ["c", undefined]]), 2);
    assert.deepEqual(await cache.getMany(["b", "x", "a", "b"]), [2, undefined, 1, 2]);
    const many = Array.from({ length: 1_200 }, (_, i) => [`n:${i}`, i] as const);
    assert.equal(await cache.setMany(many), 1_200);
    assert.deepEqual(await cache.getMany(many.map(([key]) => key)), many.map(([, value]) => value));
  });

  check("entries expire", async (cache) => {
    await briefly(subject, async (life) => {
      await cache.set("short", 1, { ttlSeconds: life });
      await cache.set("long", 1, { ttlSeconds: 600 });
      await cache.set("gone", 1, { ttlSeconds: 0 });
      assert.equal(await cache.get("gone"), undefined);
      assert.equal(await cache.get("short"), 1);
    });
    assert.equal(await cache.get("short"), undefined);
    assert.equal(await cache.has("short"), false);
    assert.equal(await cache.get("long"), 1);
  });

  check("TTLs are clamped to a day, one hour when absent", async (cache) => {
    await cache.set("default", 1);
    await cache.set("week", 1, { ttlSeconds: 7 * 86_400 });
    await cache.set("forever", 1, { ttlSeconds: Infinity });
    await cache.set("nan", 1, { ttlSeconds: NaN });
    const ttl = async (key: string) => {
      const view = await cache.inspect(key);
      return view!.expiresAt - view!.createdAt;
    };
    assert.equal(await ttl("default"), 3_600_000);
    assert.equal(await ttl("nan"), 3_600_000);
    assert.equal(await ttl("week"), 86_400_000);
    assert.equal(await ttl("forever"), 86_400_000);
  });

  check("expire changes how long an entry lives", async (cache) => {
    assert.equal(await cache.expire("nothing", 10), false);
    await briefly(subject, async (life) => {
      await cache.set("k", 1, { ttlSeconds: 60 });
      assert.equal(await cache.expire("k", life), true);
      assert.equal(await cache.get("k"), 1);
    });
    assert.equal(await cache.get("k"), undefined);
    await briefly(subject, async (life) => {
      await cache.set("k", 1, { ttlSeconds: life });
      assert.equal(await cache.expire("k", 60), true);
    });
    assert.equal(await cache.get("k"), 1);
    assert.equal(await cache.expire("k", 0), true);
    assert.equal(await cache.get("k"), undefined);
  });

  check("clear takes glob patterns and nothing beyond them", async (cache) => {
    for (const key of ["a:1", "a:2", "ab", "b:1", "b[1]", "c*"]) await cache.set(key, key);
    assert.deepEqual(await cache.clear("a:?"), { cleared: 2, complete: true });
    assert.equal(await cache.get("ab"), "ab");
    assert.deepEqual(await cache.clear("b\\[1]"), { cleared: 1, complete: true });
    assert.equal(await cache.get("b:1"), "b:1");
    assert.deepEqual(await cache.clear("c\\*"), { cleared: 1, complete: true });
    assert.deepEqual(await cache.clear("*:[0-9]"), { cleared: 1, complete: true });
    assert.deepEqual(await cache.clear("nothing"), { cleared: 0, complete: true });
    assert.deepEqual(await cache.clear(), { cleared: 1, complete: true });
    assert.equal((await cache.stats()).totalKeys, 0);
  });

  check("tags find their entries, and only those", async (cache) => {
    await cache.set("1", 1, { tags: ["bot:a", "x"] });
    await cache.set("2", 2, { tags: ["bot:b", "x"] });
    await cache.set("3", 3);
    assert.equal(await cache.invalidateTag("bot:a"), true);
    assert.deepEqual(await cache.getMany(["1", "2", "3"]), [undefined, 2, 3]);
    await cache.set("1", 11, { tags: ["bot:a"] });
    assert.equal(await cache.get("1"), 11);
    await cache.invalidateTag("x");
    assert.deepEqual(await cache.getMany(["1", "2", "3"]), [11, undefined, 3]);
  });

  check("getOrSet computes once for many callers, then hits", async (cache) => {
    let computed = 0;
    const gate = Promise.withResolvers<void>();
    const callers = Array.from({ length: 50 }, () =>
      cache.resolve("k", async () => {
        computed++;
        await gate.promise;
        return { n: computed };
      }));
    gate.resolve();
    const answers = await Promise.all(callers);
    assert.equal(computed, 1);
    assert.deepEqual(answers.map((a) => a.value), Array(50).fill({ n: 1 }));
    assert.equal(answers.filter((a) => a.source === "computed").length, 1);
    assert.equal(answers.filter((a) => a.source === "shared").length, 49);
    assert.deepEqual(await cache.resolve("k", () => ({ n: 99 })), {
      value: { n: 1 },
      source: "hit",
    });
  });

  check("many different cold keys are all kept", async (cache) => {
    const keys = Array.from({ length: 100 }, (_, i) => `cold:${i}`);
    const fill = (bonus: number) =>
      Promise.all(keys.map((key, i) => cache.getOrSet(key, () => i + bonus, { tags: ["t"] })));
    await fill(0);
    assert.deepEqual(await fill(1_000), keys.map((_, i) => i));
  });

  check("a failing factory fails its callers and is not kept", async (cache) => {
    const broken = () => Promise.reject(new Error("no answer"));
    const answers = await Promise.allSettled([
      cache.getOrSet("k", broken),
      cache.getOrSet("k", broken),
    ]);
    assert.deepEqual(answers.map((a) => a.status), ["rejected", "rejected"]);
    await assert.rejects(async () =>
      await cache.getOrSet("k", () => {
        throw new Error("at once");
      }), /at once/);
    assert.equal(await cache.getOrSet("k", () => 5), 5);
  });

  check("callers leave one by one, the computation ends with the last", async (cache) => {
    const first = new AbortController(), second = new AbortController();
    const started = Promise.withResolvers<AbortSignal>();
    const factory = ({ signal }: { signal: AbortSignal }) =>
      new Promise<number>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        started.resolve(signal);
      });
    const one = cache.getOrSet("k", factory, { signal: first.signal });
    const two = cache.getOrSet("k", factory, { signal: second.signal });
    const signal = await started.promise;
    first.abort(new Error("first left"));
    await assert.rejects(one, /first left/);
    assert.equal(signal.aborted, false);
    second.abort(new Error("second left"));
    await assert.rejects(two, /second left/);
    assert.equal(signal.aborted, true);
    assert.equal(await cache.getOrSet("k", () => 8), 8);
    await assert.rejects(cache.getOrSet("j", () => 1, { signal: first.signal }), /first left/);
  });

  check("a caller's time runs out", async (cache) => {
    const answer = cache.getOrSet("k", ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }), { timeoutMs: 30 });
    const refused = assert.rejects(answer, { code: "timeout" });
    await subject.elapse(40);
    await refused;
  });

  check("a fill that a write, a deletion or a clearing overtook is not kept", async (cache) => {
    const overtakers: Record<string, () => Promise<unknown>> = {
      set: () => cache.set("k", "newer"),
      delete: () => cache.delete("k"),
      clear: () => cache.clear("k*"),
      tag: () => cache.invalidateTag("t"),
    };
    for (const [name, overtake] of Object.entries(overtakers)) {
      await cache.delete("k");
      const started = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const slow = cache.getOrSet("k", async () => {
        started.resolve();
        await gate.promise;
        return "older";
      }, { tags: ["t"] });
      await started.promise;
      await overtake();
      gate.resolve();
      assert.equal(await slow, "older");
      assert.equal(await cache.get("k"), name === "set" ? "newer" : undefined, name);
    }
  });

  check("a value past its time is given at once while it is computed anew", async (cache) => {
    const options = { ttlSeconds: 60, staleSeconds: 60 };
    await cache.getOrSet("k", () => 1, { ttlSeconds: 0.05, staleSeconds: 60 });
    await subject.elapse(60);
    assert.equal(await cache.get("k"), undefined, "a plain lookup takes no stale value");
    assert.equal(await cache.has("k"), false);
    const refreshed = Promise.withResolvers<void>();
    const stale = await cache.resolve("k", () => {
      refreshed.resolve();
      return 2;
    }, options);
    assert.deepEqual(stale, { value: 1, source: "stale" });
    await refreshed.promise;
    await eventually(async () => await cache.get("k") === 2, "refreshes");
    assert.equal((await cache.stats()).staleHits, 1);
  });

  check("a failed refresh leaves the stale value", async (cache) => {
    const options = { ttlSeconds: 0.05, staleSeconds: 60 };
    await cache.getOrSet("k", () => 1, options);
    await subject.elapse(60);
    for (let i = 0; i < 3; i++) {
      const answer = await cache.resolve("k", () => Promise.reject(new Error("down")), options);
      assert.deepEqual(answer, { value: 1, source: "stale" });
    }
  });

  check("grace: a value past its time is better than a failure", async (cache) => {
    const options = { ttlSeconds: 0.05, graceSeconds: 60 };
    const down = () => Promise.reject(new Error("down"));
    await cache.getOrSet("k", () => 1, options);
    await subject.elapse(60);
    assert.deepEqual(await cache.resolve("k", down, options), { value: 1, source: "stale" });
    await assert.rejects(cache.getOrSet("k", down, { ttlSeconds: 0.05 }), /down/);
    assert.equal(await cache.getOrSet("k", () => 2, options), 2);
  });

  check("grace: soft and hard timeouts give the old value, the work goes on", async (cache) => {
    const gate = Promise.withResolvers<void>();
    const slow = async () => {
      await gate.promise;
      return 2;
    };
    await cache.getOrSet("k", () => 1, { ttlSeconds: 0.05, graceSeconds: 60 });
    await subject.elapse(60);
    const soft = cache.resolve("k", slow, { graceSeconds: 60, softTimeoutMs: 200 });
    await turns();
    await subject.elapse(210);
    assert.deepEqual(await soft, { value: 1, source: "stale" });
    const waiting = cache.getOrSet("k", slow);
    const hard = cache.resolve("k", slow, { graceSeconds: 60, timeoutMs: 200 });
    await turns();
    await subject.elapse(210);
    assert.deepEqual(await hard, { value: 1, source: "stale" });
    gate.resolve();
    assert.equal(await waiting, 2);
    assert.equal(await cache.get("k"), 2);
  });

  check("knows that there is nothing, for as long as it is told", async (cache) => {
    let asked = 0;
    const nothing = () => {
      asked++;
      return undefined;
    };
    await briefly(subject, async (life) => {
      asked = 0;
      await cache.delete("k");
      for (let i = 0; i < 3; i++) {
        const options = { nothingTtlSeconds: life };
        assert.equal(await cache.getOrSet("k", nothing, options), undefined);
      }
      assert.equal(asked, 1);
    });
    assert.equal(await cache.getOrSet("k", () => "something"), "something");
    assert.equal(await cache.get("k"), "something");
    await cache.getOrSet("unkept", nothing);
    await cache.getOrSet("unkept", nothing);
    assert.equal(asked, 3);
  });

  check("jitter shortens times to live, and never lengthens them", async (cache) => {
    const lives: number[] = [];
    for (let i = 0; i < 50; i++) {
      await cache.set(`k${i}`, 1, { ttlSeconds: 100, ttlJitter: 0.5 });
      const view = await cache.inspect(`k${i}`);
      lives.push(view!.freshUntil - view!.createdAt);
    }
    assert.ok(Math.min(...lives) >= 50_000 && Math.max(...lives) <= 100_000);
    assert.ok(new Set(lives).size > 10);
  });

  check("early refresh computes anew near the end, and rarely before", async (cache) => {
    let computed = 0;
    const factory = async () => {
      await subject.elapse(5);
      return ++computed;
    };
    await cache.getOrSet("k", factory, { ttlSeconds: 60 });
    for (let i = 0; i < 20; i++) await cache.resolve("k", factory, { earlyRefresh: 1 });
    assert.equal(computed, 1, "the end is far and computing cost nothing");
    for (let i = 0; i < 20; i++) await cache.resolve("k", factory, { earlyRefresh: 1e12 });
    await eventually(() => computed > 1, "refreshes");
  });

  check("keys are listed by pattern, page by page, each once", async (cache) => {
    const names = Array.from({ length: 60 }, (_, i) => `n:${i}`).sort();
    await cache.setMany(names.map((name) => [name, name] as const), { ttlSeconds: 600 });
    await cache.setMany([["other", 1], ["~own", 2], ["gone:1", 3]]);
    await cache.clear("gone:*");
    const all = await cache.keys();
    assert.deepEqual(
      all.keys.map(({ key }) => key).sort(),
      [...names, "other", "~own"].sort(),
    );
    assert.equal(all.cursor, undefined);
    for (const { key, bytes } of all.keys) assert.ok(bytes > 0, key);
    const ends = (name: string) => all.keys.find(({ key }) => key === name)!.expiresAt;
    const apart = (ends("other") - ends("n:0")) / 1_000;
    assert.ok(Math.abs(apart - 3_000) < 60, `one hour and ten minutes are ${apart} s apart`);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await cache.keys("n:*", { limit: 7, cursor });
      assert.ok(page.keys.length <= 7);
      paged.push(...page.keys.map(({ key }) => key));
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(paged.sort(), names);
    assert.deepEqual((await cache.keys("nothing*")).keys, []);
  });

  check("a dry run counts and removes nothing; a limit is kept", async (cache) => {
    await cache.setMany(Array.from({ length: 30 }, (_, i) => [`n:${i}`, i] as const));
    await cache.set("other", 1);
    assert.deepEqual(await cache.clear("n:*", { dryRun: true }), { cleared: 30, complete: true });
    assert.deepEqual(await cache.clear("n:1?", { dryRun: true }), { cleared: 10, complete: true });
    assert.deepEqual(await cache.clear(undefined, { dryRun: true }), {
      cleared: 31,
      complete: true,
    });
    assert.equal((await cache.stats()).totalKeys, 31);
    assert.equal((await cache.clear("n:*", { limit: 12 })).cleared, 12);
    assert.equal((await cache.stats()).totalKeys, 19);
  });

  check("what answers spared is added up per namespace", async (cache) => {
    cache.saved("ai:x", { tokens: 100, costMicros: 7 });
    cache.saved("ai:y", { tokens: 11, costMicros: 2, similar: true });
    const { saved, similarReuses, namespaces } = await cache.stats();
    assert.equal(similarReuses, 1);
    assert.deepEqual(saved, { tokens: 111, costMicros: 9 });
    assert.deepEqual(namespaces.find((row) => row.name === "ai")!.saved, saved);
  });

  check("what the factory says is not for keeping is not kept", async (cache) => {
    const answer = await cache.getOrSet("k", ({ doNotStore }) => {
      doNotStore();
      return "unsure";
    });
    assert.equal(answer, "unsure");
    assert.equal(await cache.has("k"), false);
  });

  check("a value that no longer fits its schema is a miss", async (cache) => {
    const schema = {
      safeParse: (value: unknown) =>
        typeof value === "number"
          ? { success: true as const, data: value }
          : { success: false as const },
    };
    await cache.set("k", "text");
    assert.equal(await cache.get("k", { schema }), undefined);
    assert.equal(await cache.getOrSet("k", () => 3, { schema }), 3);
    assert.equal(await cache.get("k", { schema }), 3);
  });

  check("with a schema, a miss gives what a hit would", async (cache) => {
    const schema = {
      safeParse: (value: unknown) => {
        const { cents } = value as { cents: unknown };
        if (typeof cents !== "number") return { success: false as const };
        return { success: true as const, data: { cents, currency: "EUR" } };
      },
    };
    const price = () => ({ cents: 250, internal: "x" }) as unknown as { cents: number };
    const expected = { cents: 250, currency: "EUR" };
    for (const source of ["computed", "hit"]) {
      const answer = await cache.resolve("price", price, { schema });
      assert.deepEqual(answer, { value: expected, source });
    }
    const wrong = () => ({ cents: "250" }) as unknown as { cents: number };
    assert.deepEqual(await cache.getOrSet("wrong", wrong, { schema }), { cents: "250" });
    assert.equal(await cache.inspect("wrong"), undefined, "nobody could read it");
    assert.equal((await cache.stats()).refusals.unfit, 1);
    const absent = { schema, nothingTtlSeconds: 60 };
    for (let i = 0; i < 2; i++) {
      assert.equal(await cache.getOrSet<unknown>("none", () => undefined, absent), undefined);
    }
  });

  check("durations that are no numbers count as absent", async (cache) => {
    let computed = 0;
    for (const [i, name] of ["staleSeconds", "graceSeconds", "ttlJitter", "timeoutMs"].entries()) {
      const ask = () => cache.getOrSet(`k:${name}`, () => ++computed, { [name]: NaN });
      assert.deepEqual([await ask(), await ask()], [i + 1, i + 1], name);
      const view = await cache.inspect(`k:${name}`);
      assert.equal(view!.expiresAt - view!.createdAt, 3_600_000, name);
    }
  });

  check("keys that are no text are refused, not thrown at", async (cache) => {
    for (const key of [undefined, null, 5] as unknown as string[]) {
      assert.equal(await cache.set(key, 1), false);
      assert.equal(await cache.get(key), undefined);
      assert.equal(await cache.has(key), false);
      assert.equal(await cache.delete(key), false);
      assert.equal(await cache.getOrSet(key, () => 7), 7);
    }
  });

  check("statistics are of our own lookups", async (cache) => {
    const fresh = await cache.stats();
    assert.equal(fresh.hitRate, null);
    assert.equal(fresh.connected, true);
    assert.equal(fresh.totalKeys, 0);
    await cache.set("a:1", "x".repeat(1_000));
    await cache.set("a:1", "y".repeat(1_000));
    await cache.set("a:2", 1);
    await cache.set("b", 1);
    await cache.get("a:1");
    await cache.get("a:9");
    await cache.get("a:8");
    await cache.getOrSet("a:2", () => 0);
    await cache.getOrSet("b:new", () => 0);
    await cache.inspect("a:1");
    const stats = await cache.stats();
    assert.deepEqual([stats.hits, stats.misses, stats.hitRate], [2, 3, 40]);
    assert.deepEqual(stats.lastDay, { hits: 2, misses: 3, hitRate: 40 });
    assert.equal(stats.totalKeys, 4);
    assert.equal(stats.totalsExact, true);
    assert.ok(stats.memoryBytes > 1_000 && stats.memoryBytes < 5_000, `${stats.memoryBytes}`);
    assert.match(stats.memoryUsage, /^\d+\.\d KB$/);
    assert.ok(stats.operationsPerSecond > 0);
    const rows = stats.namespaces.map(({ name, hits, misses, hitRate, keys }) => {
      return { name, hits, misses, hitRate, keys };
    });
    assert.deepEqual(rows, [
      { name: "", hits: 0, misses: 0, hitRate: null, keys: 1 },
      { name: "a", hits: 2, misses: 2, hitRate: 50, keys: 2 },
      { name: "b", hits: 0, misses: 1, hitRate: 0, keys: 1 },
    ]);
    await cache.delete("b");
    await cache.clear("a:*");
    assert.equal((await cache.stats()).totalKeys, 1);
    await cache.clear();
    const empty = await cache.stats();
    assert.deepEqual([empty.totalKeys, empty.memoryBytes], [0, 0]);
  });

  check("after closing, calls still answer", async (cache) => {
    await cache.set("k", 1);
    const hanging = cache.getOrSet("h", ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }));
    const refused = assert.rejects(hanging, { code: "unavailable" });
    await cache.stats();
    await cache.close();
    await refused;
    assert.equal(await cache.get("k"), undefined);
    assert.equal(await cache.set("k", 2), false);
    assert.equal(await cache.getOrSet("k", () => 3), 3);
  });
}
