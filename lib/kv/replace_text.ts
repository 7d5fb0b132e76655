import type { Database } from "./database.ts";
import { estimateSize } from "./size.ts";
import { WriteSet } from "./write_set.ts";

const MAX_TRIES = 20;
const MAX_DEPTH = 40;
/** Of records that are replaced in one commit. */
const MAX_BYTES = 400 * 1024;

export interface ReplaceOptions {
  db: Database;
  /** Texts and what stands in their place, where one is all of a place that may hold one. */
  texts: ReadonlyMap<string, string>;
  /** Which part of a key may be one; null: none. Any other part that reads the same is a name. */
  partOf: (key: Deno.KvKey) => number | null;
  /** Whether a field of this name may hold one, or a list of them, however deep it lies. */
  mayHold: (field: string) => boolean;
  /** A record's value with what else must go, or the same value. */
  also?: (key: Deno.KvKey, value: unknown) => unknown;
  /** Opens values that are stored in a form of their own; null for those that are not. */
  codecOf?: (key: Deno.KvKey) => ValueCodec | null;
  signal?: AbortSignal;
}

/** A stored form of values, within which texts are to be found. */
export interface ValueCodec {
  decode(stored: unknown): unknown;
  encode(value: unknown): unknown;
}

/**
 * Goes through the whole database once and replaces texts in keys and values; a record whose key
 * changes is moved. Returns how many records changed. Costs by all that is stored.
 */
export async function replaceEverywhere(options: ReplaceOptions): Promise<number> {
  const { db, signal } = options;
  let changed = 0;
  let looked = 0;
  for await (const entry of db.kv.list({ prefix: [] }, { batchSize: 500 })) {
    if (++looked % 1_000 === 0) signal?.throwIfAborted();
    if (replaced(entry, options) && await replaceEntry(options, entry.key)) changed++;
  }
  return changed;
}

/**
 * As `replaceEverywhere`, below these prefixes alone and in one commit, so that whatever ends the
 * process leaves all of it replaced or nothing; more records below `prefixes` than one commit can
 * carry are done in several. Those below `derived` are not checked: they change with the others only.
 */
export async function replaceTogether(
  options: ReplaceOptions,
  prefixes: readonly Deno.KvKey[],
  derived: readonly Deno.KvKey[],
): Promise<number> {
  const { db } = options;
  let changed = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const tx = new WriteSet();
    let found = 0;
    let bytes = 0;
    const full = () => tx.checks.length === db.maxChecks || bytes > MAX_BYTES;
    for (const prefix of [...prefixes, ...derived]) {
      for await (const entry of db.kv.list({ prefix }, { batchSize: 500 })) {
        const next = replaced(entry, options);
        if (!next) continue;
        if (prefixes.includes(prefix)) {
          if (full()) break;
          tx.check(entry.key, entry.versionstamp);
          bytes += estimateSize(next.value);
        }
        if (next.moved) tx.delete(entry.key);
        tx.set(next.key, next.value);
        found++;
      }
    }
    if (found === 0) return changed;
    if (!await db.commit(tx)) continue;
    changed += found;
    if (!full()) return changed;
    tries = -1; // there may be more
  }
  throw new Error("records change too fast to be rewritten");
}

async function replaceEntry(options: ReplaceOptions, key: Deno.KvKey): Promise<boolean> {
  const { db } = options;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const entry = await db.kv.get(key);
    const next = entry.versionstamp === null ? null : replaced(entry, options);
    if (!next) return false;
    const tx = new WriteSet().check(key, entry.versionstamp);
    if (next.moved) tx.delete(key);
    tx.set(next.key, next.value);
    if (await db.commit(tx)) return true;
  }
  throw new Error("a record changes too fast to be rewritten");
}

/** What an entry becomes; null when it stays as it is. */
function replaced(
  { key, value }: { key: Deno.KvKey; value: unknown },
  options: ReplaceOptions,
): { key: Deno.KvKey; value: unknown; moved: boolean } | null {
  const { also, codecOf } = options;
  const nextKey = replacedKey(key, options);
  const moved = nextKey !== key;
  const codec = codecOf?.(key);
  const opened = codec ? codec.decode(value) : value;
  const walked = walk(opened, options);
  const next = also ? also(key, walked) : walked;
  if (next === opened) return moved ? { key: nextKey, value, moved } : null;
  return { key: nextKey, value: codec ? codec.encode(next) : next, moved };
}

/** The very same key where there is nothing to replace. */
function replacedKey(key: Deno.KvKey, { texts, partOf }: ReplaceOptions): Deno.KvKey {
  const place = partOf(key);
  const text = place === null ? undefined : texts.get(String(key[place]));
  return text === undefined ? key : key.map((part, i) => i === place ? text : part);
}

/** The value with its texts replaced; the very same one where there is nothing to replace. */
function walk(
  value: unknown,
  { texts, mayHold }: Pick<ReplaceOptions, "texts" | "mayHold">,
  held = false,
  depth = 0,
): unknown {
  if (typeof value === "string") return held ? texts.get(value) ?? value : value;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  const options = { texts, mayHold };
  if (Array.isArray(value)) {
    const next = value.map((item) => walk(item, options, held, depth + 1));
    return next.some((item, i) => item !== value[i]) ? next : value;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  let changed = false;
  const next = Object.entries(value).map(([name, item]) => {
    const put = walk(item, options, mayHold(name), depth + 1);
    changed ||= put !== item;
    return [name, put] as const;
  });
  // fromEntries, so that a field called __proto__ stays one.
  return changed ? Object.fromEntries(next) : value;
}
