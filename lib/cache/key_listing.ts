import type { Clock } from "../clock.ts";
import type { KeyPage, KeysOptions, KeyView } from "./cache.ts";
import type { Glob } from "./glob.ts";
import type { MemoryStore } from "./memory_store.ts";
import { Unavailable } from "./unavailable.ts";
import { DESCRIBE_ENTRIES } from "./sweep_scripts.ts";
import type { RedisTier } from "./tiers.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const DEFAULT_WAIT_MS = 2_000;
const SCAN_COUNT = 500;
const DESCRIBE_AT_ONCE = 200;
const KEYS_PER_TURN = 5_000;

/** What a cursor of the keys in the process begins with, and one of those in Redis. */
const KEY_CURSOR = "key~";
const SCAN_CURSOR = "scan~";

/**
 * A page of the keys in the process, sorted; its cursor names the last key of the page. With one of
 * Redis, which was there a moment ago, it begins at the start.
 */
export async function listMemoryKeys(
  memory: MemoryStore,
  clock: Clock,
  glob: Glob,
  options: KeysOptions,
): Promise<KeyPage> {
  const limit = pageLimit(options);
  const { cursor } = options;
  const after = cursor?.startsWith(KEY_CURSOR) ? cursor.slice(KEY_CURSOR.length) : undefined;
  const all = memory.keys();
  let first: string[] = [];
  for (let at = 0; at < all.length; at += KEYS_PER_TURN) {
    if (at > 0) await new Promise<void>((resolve) => clock.after(0, resolve));
    for (const key of all.slice(at, at + KEYS_PER_TURN)) {
      if ((after === undefined || key > after) && glob.matches(key)) first.push(key);
    }
    // One more than the page, to know whether there are more.
    first = first.sort(byCodeUnits).slice(0, limit + 1);
  }
  const keys = first.slice(0, limit).flatMap((key): KeyView[] => {
    const entry = memory.peek(key);
    return entry ? [{ key, ...entry }] : [];
  });
  return first.length > limit ? { keys, cursor: KEY_CURSOR + first[limit - 1]! } : { keys };
}

/**
 * A page of the keys in Redis, in the order of SCAN; its cursor is SCAN's, and how many of that
 * step's keys were given already. A key may come twice while the server moves its table.
 */
export async function listRedisKeys(
  { link, store }: RedisTier,
  clock: Clock,
  glob: Glob,
  options: KeysOptions,
): Promise<KeyPage> {
  const limit = pageLimit(options);
  const deadline = clock.now() + (options.waitMs ?? DEFAULT_WAIT_MS);
  const pattern = store.keys.scanPattern(glob.literalPrefix);
  const keys: KeyView[] = [];
  let [cursor, given] = parseCursor(options.cursor);
  do {
    const page = await link.run((redis) =>
      redis.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
    );
    if (page instanceof Unavailable) return { keys, reason: page.reason };
    const fitting = page[1].flatMap((stored) => {
      const key = store.keys.logical(stored);
      return key !== null && glob.matches(key) ? [key] : [];
    }).sort(byCodeUnits);
    const wanted = fitting.slice(given, given + limit - keys.length);
    const described = await describe(link, store, wanted, clock.now());
    if (described instanceof Unavailable) return { keys, reason: described.reason };
    keys.push(...described);
    if (given + wanted.length < fitting.length) {
      return { keys, cursor: `${SCAN_CURSOR}${cursor}.${given + wanted.length}` };
    }
    cursor = page[0];
    given = 0;
    if (cursor === "0") return { keys };
  } while (keys.length < limit && clock.now() < deadline);
  return { keys, cursor: `${SCAN_CURSOR}${cursor}.0` };
}

/** Those of the keys that hold something, with their size and end. */
async function describe(
  link: RedisTier["link"],
  store: RedisTier["store"],
  keys: string[],
  now: number,
): Promise<KeyView[] | Unavailable> {
  const views: KeyView[] = [];
  for (let at = 0; at < keys.length; at += DESCRIBE_AT_ONCE) {
    const some = keys.slice(at, at + DESCRIBE_AT_ONCE);
    const reply = await link.script(
      DESCRIBE_ENTRIES,
      some.flatMap((key) => store.scriptKeys(key)),
      [],
    );
    if (reply instanceof Unavailable) return reply;
    const numbers = (reply as (number | string)[]).map(Number);
    some.forEach((key, i) => {
      const bytes = numbers[2 * i]!, ttlMs = numbers[2 * i + 1]!;
      if (bytes >= 0 && ttlMs > 0) views.push({ key, bytes, expiresAt: now + ttlMs });
    });
  }
  return views;
}

function pageLimit({ limit }: KeysOptions): number {
  return Math.min(MAX_LIMIT, Math.max(1, limit ?? DEFAULT_LIMIT));
}

/** SCAN's cursor and how many keys of its step were given; the start where it is none of ours. */
function parseCursor(cursor: string | undefined): [scan: string, given: number] {
  const parts = /^scan~(\d{1,20})\.(\d{1,6})$/.exec(cursor ?? "");
  return parts ? [parts[1]!, Number(parts[2])] : ["0", 0];
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
