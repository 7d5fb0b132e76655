import { type Entry, type Frame, packFrame, parseFrame } from "./frame.ts";
import { GENERATION_LENGTH } from "./frame.ts";
import { type Glob } from "./glob.ts";
import { type KeySpace, namespaceOf } from "./key_space.ts";
import { ReadBatch } from "./read_batch.ts";
import { type RedisLink, Unavailable } from "./redis_link.ts";
import { parseInfo, type RedisInfo } from "./redis_info.ts";
import { sweepRedis, type Swept } from "./redis_sweep.ts";
import { COUNT_ENTRIES, EXPIRE_ENTRY, REMOVE_ENTRIES, WRITE_ENTRY } from "./redis_scripts.ts";
import { MAX_TTL_SECONDS } from "./ttl.ts";

const SCAN_COUNT = 1_000;
/** Entries that one script removes; small, so that other clients of the server hardly notice. */
const REMOVE_AT_ONCE = 200;
const MAX_NAMESPACES_COUNTED = 500;
/** Generations outlive every entry that carries them. */
const GENERATION_SECONDS = String(MAX_TTL_SECONDS * 2);

/** The state of a namespace and tags when something was read: a fill must be written under it. */
export type Generations = readonly string[];

export interface RedisRead {
  frame: Frame | null;
  /** True when there was something under the key that is no entry of ours. */
  damaged: boolean;
  generations: Generations;
}

export interface ScanStep {
  cleared: number;
  scanned: number;
  /** Where to go on; null when everything has been looked at. */
  cursor: string | null;
}

export interface RedisCounts {
  entries: number;
  bytes: number;
  /** False when there are more namespaces than are counted. */
  exact: boolean;
  namespaces: Map<string, { entries: number; bytes: number }>;
}

/** Entries in Redis. Every answer is a value or `Unavailable`; nothing here rejects. */
export class RedisStore {
  readonly #link: RedisLink;
  readonly #keys: KeySpace;
  readonly #batch: ReadBatch;
  readonly #salt = base36(crypto.getRandomValues(new Uint32Array(1))[0]!, 5);
  #written = 0;

  constructor(link: RedisLink, keys: KeySpace) {
    this.#link = link;
    this.#keys = keys;
    this.#batch = new ReadBatch(link);
  }

  /**
   * Reads an entry, and with it the generations under which a fill of this key with these tags
   * would have to be written. An entry of an older generation is not there.
   */
  async read(key: string, fillTags: readonly string[] = []): Promise<RedisRead | Unavailable> {
    const generationKeys = this.#generationKeys(key, fillTags);
    const [stored, ...current] = await Promise.all([
      this.#batch.get(this.#keys.entry(key)),
      ...generationKeys.map((generationKey) => this.#batch.get(generationKey)),
    ]);
    if (stored instanceof Unavailable) return stored;
    const generations: string[] = [];
    for (const generation of current) {
      if (generation instanceof Unavailable) return generation;
      generations.push(generation?.toString("latin1") ?? "");
    }
    const frame = stored === null ? null : parseFrame(stored);
    const damaged = stored !== null && frame === null;
    if (frame === null || frame.generations[0] !== generations[0]) {
      return { frame: null, damaged, generations };
    }
    const tagsHold = frame.tags.length === 0 || await this.#tagsHold(frame);
    if (tagsHold instanceof Unavailable) return tagsHold;
    return { frame: tagsHold ? frame : null, damaged, generations };
  }

  /** Gives namespace and tags that have no generation yet one, before a fill begins. */
  async fixGenerations(
    key: string,
    tags: readonly string[],
    known: Generations,
  ): Promise<Generations | Unavailable> {
    if (known.every((generation) => generation.length === GENERATION_LENGTH)) return known;
    const keys = this.#generationKeys(key, tags);
    const fresh = this.#freshGeneration();
    const found = await this.#link.run(async (redis) => {
      const pipeline = redis.pipeline();
      for (const generationKey of keys) {
        pipeline.set(generationKey, fresh, "EX", GENERATION_SECONDS, "NX");
      }
      pipeline.sadd(this.#keys.namespaces, namespaceOf(key));
      pipeline.mget(keys);
      const replies = await pipeline.exec();
      for (const [error] of replies ?? []) if (error) throw error;
      return replies!.at(-1)![1] as (string | null)[];
    });
    return found instanceof Unavailable ? found : found.map((generation) => generation ?? "");
  }

  /** Stores an entry; "obsolete" when an expected generation has passed. */
  async write(
    key: string,
    entry: Entry,
    ttlMs: number,
    expected: Generations = [],
  ): Promise<{ stored: boolean; savedBytes: number } | Unavailable> {
    const frame = packFrame(entry);
    if (frame === null) return new Unavailable("the entry's tags are too long");
    const namespace = namespaceOf(key);
    const generationKeys = this.#generationKeys(key, entry.tags);
    const reply = await this.#link.script(
      WRITE_ENTRY,
      [
        this.#keys.entry(key),
        this.#keys.counts(namespace),
        this.#keys.namespaces,
        ...generationKeys,
      ],
      [
        frame.kind,
        frame.rest,
        frame.tail,
        String(ttlMs),
        this.#freshGeneration(),
        namespace,
        GENERATION_SECONDS,
        ...generationKeys.map((_, i) => expected[i] ?? ""),
      ],
    );
    if (reply instanceof Unavailable) return reply;
    return { stored: reply === 1, savedBytes: frame.savedBytes };
  }

  /** Removes entries and answers how many there were. */
  async remove(keys: readonly string[]): Promise<number | Unavailable> {
    let removed = 0;
    for (let at = 0; at < keys.length; at += REMOVE_AT_ONCE) {
      const reply = await this.#link.script(
        REMOVE_ENTRIES,
        keys.slice(at, at + REMOVE_AT_ONCE).flatMap((key) => this.#scriptKeys(key)),
        [],
      );
      if (reply instanceof Unavailable) return reply;
      removed += Number(reply);
    }
    return removed;
  }

  async expire(key: string, ttlMs: number, expiresAt: number): Promise<boolean | Unavailable> {
    const reply = await this.#link.script(EXPIRE_ENTRY, this.#scriptKeys(key), [
      String(ttlMs),
      String(Math.floor(expiresAt)).padStart(13, "0"),
    ]);
    return reply instanceof Unavailable ? reply : reply === 1;
  }

  /** Makes every entry with this tag a miss, at once and whatever their number. */
  invalidateTag(tag: string): Promise<unknown | Unavailable> {
    return this.#link.run((redis) =>
      redis.set(
        this.#keys.tagGeneration(tag),
        this.#freshGeneration(),
        "EX",
        GENERATION_SECONDS,
      )
    );
  }

  /** Removes the matches among the next thousand or so keys. */
  async clearStep(glob: Glob, cursor: string): Promise<ScanStep | Unavailable> {
    const pattern = this.#keys.scanPattern(glob.literalPrefix);
    const page = await this.#link.run((redis) =>
      redis.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
    );
    if (page instanceof Unavailable) return page;
    const [next, found] = page;
    const doomed = found.map((stored) => this.#keys.logical(stored))
      .filter((key): key is string => key !== null && glob.matches(key));
    const cleared = await this.remove(doomed);
    if (cleared instanceof Unavailable) return cleared;
    return { cleared, scanned: found.length, cursor: next === "0" ? null : next };
  }

  async count(): Promise<RedisCounts | Unavailable> {
    const reply = await this.#link.script(COUNT_ENTRIES, [this.#keys.namespaces], [
      this.#keys.counts(""),
      String(MAX_NAMESPACES_COUNTED),
    ]);
    if (reply instanceof Unavailable) return reply;
    const [exact, ...rows] = reply as [number, ...(string | number)[]];
    const counts: RedisCounts = {
      entries: 0,
      bytes: 0,
      exact: exact === 1,
      namespaces: new Map(),
    };
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const entries = Number(rows[i + 1]), bytes = Number(rows[i + 2]);
      counts.entries += entries;
      counts.bytes += bytes;
      if (entries > 0) counts.namespaces.set(String(rows[i]), { entries, bytes });
    }
    return counts;
  }

  /** Removes everything under our prefix that nobody can read, and counts anew. */
  sweep(signal?: AbortSignal): Promise<Swept> {
    return sweepRedis(this.#link, this.#keys, signal);
  }

  async info(): Promise<RedisInfo | Unavailable> {
    const reply = await this.#link.run((redis) => redis.info());
    return reply instanceof Unavailable ? reply : parseInfo(reply);
  }

  async #tagsHold(frame: Frame): Promise<boolean | Unavailable> {
    const current = await Promise.all(
      frame.tags.map((tag) => this.#batch.get(this.#keys.tagGeneration(tag))),
    );
    for (const [i, generation] of current.entries()) {
      if (generation instanceof Unavailable) return generation;
      if (generation?.toString("latin1") !== frame.generations[i + 1]) return false;
    }
    return true;
  }

  #generationKeys(key: string, tags: readonly string[]): string[] {
    return [
      this.#keys.generation(namespaceOf(key)),
      ...tags.map((tag) => this.#keys.tagGeneration(tag)),
    ];
  }

  #scriptKeys(key: string): string[] {
    const namespace = namespaceOf(key);
    return [
      this.#keys.entry(key),
      this.#keys.counts(namespace),
      this.#keys.generation(namespace),
    ];
  }

  /** Never used before, by any process: a generation that came back would revive old entries. */
  #freshGeneration(): string {
    return this.#salt + base36(this.#written++, 5);
  }
}

function base36(value: number, length: number): string {
  return (value % 36 ** length).toString(36).padStart(length, "0");
}
