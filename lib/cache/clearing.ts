import type { Clock } from "../clock.ts";
import type { ClearOptions, ClearResult } from "./cache.ts";
import { compileGlob, type Glob } from "./glob.ts";
import { isUsableKey } from "./key_space.ts";
import { Unavailable } from "./unavailable.ts";
import type { Reclaimer } from "./reclaimer.ts";
import { HELD_ENTRIES } from "./sweep_scripts.ts";
import type { RedisTier } from "./tiers.ts";

const DEFAULT_WAIT_MS = 5_000;
const SCAN_COUNT = 1_000;
const LOOK_AT_ONCE = 200;
const CURSOR = /^\d{1,20}$/;

/** The namespace that a pattern stands for as a whole; null where it stands for something else. */
export function wholeNamespace(glob: Glob): string | null {
  const { literalPrefix } = glob;
  return glob.prefixOnly && literalPrefix.indexOf(":") === literalPrefix.length - 1 &&
      literalPrefix !== ""
    ? literalPrefix.slice(0, -1)
    : null;
}

/**
 * Clearing in Redis. A whole namespace goes by a new generation, in one step whatever its size, and
 * its memory is reclaimed behind; other patterns go through the keys a thousand at a time.
 */
export class Clearing {
  constructor(
    readonly redis: RedisTier,
    readonly reclaimer: Reclaimer,
    readonly clock: Clock,
  ) {}

  async clear(pattern: string | undefined, options: ClearOptions): Promise<ClearResult> {
    const glob = compileGlob(pattern ?? "*");
    if (options.dryRun) return await this.#scan(glob, options, 0);
    const { front, unsent } = this.redis;
    if (glob.literal) return await this.#clearOne(glob.literalPrefix);
    const namespace = wholeNamespace(glob);
    if (namespace !== null && options.limit === undefined) {
      front.dropNamespace(namespace);
      const cleared = await this.redis.store.clearNamespace(namespace);
      if (cleared instanceof Unavailable) {
        unsent.namespace(namespace);
        return { cleared: 0, complete: false, cursor: "0", reason: cleared.reason };
      }
      this.reclaimer.request(namespace);
      return { cleared, complete: true };
    }
    front.dropMatching((key) => glob.matches(key));
    const everything = glob.prefixOnly && glob.literalPrefix === "";
    let cleared = 0;
    if (everything && options.limit === undefined && options.cursor === undefined) {
      const known = await this.#clearKnown();
      if (known instanceof Unavailable) {
        unsent.all();
        return { cleared: 0, complete: false, cursor: "0", reason: known.reason };
      }
      cleared = known;
    }
    // What no namespace is known of can only be found by looking at every key.
    return await this.#scan(glob, options, cleared);
  }

  async #clearOne(key: string): Promise<ClearResult> {
    if (!isUsableKey(key)) return { cleared: 0, complete: true };
    const { front, unsent, store } = this.redis;
    front.drop(key);
    const removed = await store.remove([key]);
    if (!(removed instanceof Unavailable)) return { cleared: removed, complete: true };
    unsent.key(key);
    return { cleared: 0, complete: false, cursor: "0", reason: removed.reason };
  }

  async #clearKnown(): Promise<number | Unavailable> {
    const names = await this.redis.store.namespaceNames();
    if (names instanceof Unavailable) return names;
    let cleared = 0;
    for (const name of names) {
      const gone = await this.redis.store.clearNamespace(name);
      if (gone instanceof Unavailable) return gone;
      cleared += gone;
    }
    return cleared;
  }

  async #scan(glob: Glob, options: ClearOptions, before: number): Promise<ClearResult> {
    const { link, store } = this.redis;
    const deadline = this.clock.now() + (options.waitMs ?? DEFAULT_WAIT_MS);
    const pattern = store.keys.scanPattern(glob.literalPrefix);
    const limit = options.limit ?? Infinity;
    // What is none of ours is the start, or whoever goes on with it would never end.
    let cursor = CURSOR.test(options.cursor ?? "") ? options.cursor! : "0";
    let cleared = before, scanned = 0;
    do {
      options.signal?.throwIfAborted();
      const page = await link.run((redis) =>
        redis.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
      );
      if (page instanceof Unavailable) {
        return { cleared, complete: false, cursor, reason: page.reason };
      }
      const step = await this.#step(page[1], glob, options, limit - cleared);
      if (step instanceof Unavailable) {
        return { cleared, complete: false, cursor, reason: step.reason };
      }
      cleared += step;
      scanned += page[1].length;
      options.onProgress?.({ cleared, scanned });
      if (cleared >= limit) return { cleared, complete: true };
      cursor = page[0];
      if (cursor === "0") return { cleared, complete: true };
    } while (this.clock.now() < deadline);
    return { cleared, complete: false, cursor };
  }

  async #step(
    stored: string[],
    glob: Glob,
    options: ClearOptions,
    most: number,
  ): Promise<number | Unavailable> {
    const { link, store } = this.redis;
    const doomed: string[] = [], leases: string[] = [];
    for (const storedKey of stored) {
      const changed = store.keys.changed(storedKey);
      if (changed === null || !glob.matches(changed.name)) continue;
      if (changed.kind === "entry" && doomed.length < most) doomed.push(changed.name);
      if (changed.kind === "lease") leases.push(storedKey);
    }
    if (options.dryRun) return await this.#held(doomed);
    if (leases.length > 0) {
      const taken = await link.run((redis) => redis.unlink(leases));
      if (taken instanceof Unavailable) return taken;
    }
    return await store.remove(doomed);
  }

  async #held(keys: string[]): Promise<number | Unavailable> {
    const { link, store } = this.redis;
    let held = 0;
    for (let at = 0; at < keys.length; at += LOOK_AT_ONCE) {
      const some = keys.slice(at, at + LOOK_AT_ONCE).flatMap((key) => store.scriptKeys(key));
      const reply = await link.script(HELD_ENTRIES, some, []);
      if (reply instanceof Unavailable) return reply;
      held += Number(reply);
    }
    return held;
  }
}
