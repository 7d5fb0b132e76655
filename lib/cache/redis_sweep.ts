import { setTimeout } from "node:timers/promises";
import { type KeySpace, namespaceOf } from "./key_space.ts";
import type { RedisLink } from "./redis_link.ts";
import { Unavailable } from "./unavailable.ts";
import type { RedisStore } from "./redis_store.ts";
import { RECOUNT, SWEEP_ENTRIES } from "./sweep_scripts.ts";

const SCAN_COUNT = 1_000;
/** Entries that one script looks at; small, so that other clients hardly notice. */
const LOOK_AT_ONCE = 100;
/** After each it rests as long as that took, so that others have half of the server; at most so long. */
const MAX_REST_MS = 50;
const MAX_NAMESPACES = 500;
/** Buckets that one script corrects. */
const CORRECT_AT_ONCE = 500;
/** Buckets that pass this soon lose entries while they are looked at. */
const SOON_SECONDS = 60;

export interface Swept {
  removed: number;
  /** False when it was broken off, by its signal or because Redis did not answer. */
  complete: boolean;
}

/** Counts by namespace and field, a field being an expiry bucket or its bytes. */
type Tally = Map<string, Map<string, number>>;

export interface SweepOptions {
  signal?: AbortSignal;
  /** What the keys to look at begin with; "" = all. */
  literal: string;
  /** Whether to set the counts right, which takes a look at all keys. */
  count: boolean;
}

/**
 * Goes through everything under the prefix in small steps: removes what nobody can read any more
 * (older generations, damage, other versions) and sets the counts right, which drift when the
 * server evicts. A count that somebody changed meanwhile is left for the next time.
 */
export async function sweepRedis(store: RedisStore, options: SweepOptions): Promise<Swept> {
  const { link, keys } = store;
  const { signal, literal, count } = options;
  const before = await readCounts(link, keys);
  if (before === null) return { removed: 0, complete: false };
  const seen: Tally = new Map(), uncounted: Tally = new Map();
  let removed = 0;
  let cursor = "0";
  do {
    if (signal?.aborted) return { removed, complete: false };
    const page = await link.run((redis) =>
      redis.scan(cursor, "MATCH", keys.scanPattern(literal), "COUNT", SCAN_COUNT)
    );
    if (page instanceof Unavailable) return { removed, complete: false };
    cursor = page[0];
    const stored = page[1].filter((key) => keys.logical(key)?.startsWith(literal));
    for (let at = 0; at < stored.length; at += LOOK_AT_ONCE) {
      const from = performance.now();
      const step = await look(link, keys, stored.slice(at, at + LOOK_AT_ONCE), seen, uncounted);
      if (step === null) return { removed, complete: false };
      removed += step;
      await rest(performance.now() - from, signal);
    }
  } while (cursor !== "0");
  if (!count) return { removed, complete: true };
  const after = await readCounts(link, keys);
  if (after === null) return { removed, complete: false };
  return { removed, complete: await correct(link, keys, { before, after, seen, uncounted }) };
}

async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(Math.min(ms, MAX_REST_MS), undefined, { signal }).catch(() => {});
}

/** Looks at some entries; answers how many went, null when Redis did not answer. */
async function look(
  link: RedisLink,
  keys: KeySpace,
  stored: string[],
  seen: Tally,
  uncounted: Tally,
): Promise<number | null> {
  const namespaces = stored.map((key) => namespaceOf(keys.logical(key)!));
  const reply = await link.script(
    SWEEP_ENTRIES,
    stored.flatMap((key, i) => [
      key,
      keys.counts(namespaces[i]!),
      keys.generation(namespaces[i]!),
    ]),
    [keys.tagGeneration("")],
  );
  if (reply instanceof Unavailable) return null;
  let removed = 0;
  for (const [i, found] of (reply as string[]).entries()) {
    const [verdict, bucket, bytes] = found.split(" ");
    if (verdict === "removed") removed++;
    if (bucket === undefined) continue;
    const tally = verdict === "removed" ? uncounted : seen;
    add(tally, namespaces[i]!, bucket, 1);
    add(tally, namespaces[i]!, `b${bucket}`, Number(bytes));
  }
  return removed;
}

/** All counts there are; null when Redis did not answer or there are too many namespaces. */
async function readCounts(link: RedisLink, keys: KeySpace): Promise<Tally | null> {
  const counts: Tally = new Map();
  const names = await link.run((redis) => redis.smembers(keys.namespaces));
  if (names instanceof Unavailable) return null;
  for (const name of names.slice(0, MAX_NAMESPACES)) {
    const fields = await link.run((redis) => redis.hgetall(keys.counts(name)));
    if (fields instanceof Unavailable) return null;
    for (const [field, value] of Object.entries(fields)) add(counts, name, field, Number(value));
  }
  return counts;
}

/** Sets right what is wrong and did not move; false when Redis did not answer. */
async function correct(
  link: RedisLink,
  keys: KeySpace,
  tallies: { before: Tally; after: Tally; seen: Tally; uncounted: Tally },
): Promise<boolean> {
  const { before, after, seen, uncounted } = tallies;
  const soon = Math.floor(Date.now() / 1_000) + SOON_SECONDS;
  for (const name of new Set([...after.keys(), ...seen.keys()])) {
    const of = (tally: Tally, field: string) => tally.get(name)?.get(field) ?? 0;
    const fields = new Set([...after.get(name)?.keys() ?? [], ...seen.get(name)?.keys() ?? []]);
    const wrong: string[] = [];
    for (const field of fields) {
      const value = of(after, field), truth = of(seen, field);
      const still = of(before, field) - of(uncounted, field) === value;
      if (still && truth !== value && Number(field.replace("b", "")) > soon) {
        wrong.push(field, String(value), String(truth));
      }
    }
    // Once even where nothing is wrong: the name itself may have been lost.
    for (let at = 0; at === 0 || at < wrong.length; at += 3 * CORRECT_AT_ONCE) {
      const some = wrong.slice(at, at + 3 * CORRECT_AT_ONCE);
      const reply = await link.script(RECOUNT, [keys.counts(name), keys.namespaces], [
        name,
        ...some,
      ]);
      if (reply instanceof Unavailable) return false;
    }
  }
  return true;
}

function add(tally: Tally, name: string, field: string, amount: number): void {
  let fields = tally.get(name);
  if (!fields) tally.set(name, fields = new Map());
  fields.set(field, (fields.get(field) ?? 0) + amount);
}
