import type { Database } from "../kv/database.ts";
import { type Check, WriteSet } from "../kv/write_set.ts";
import { onceKey, oncePrefix } from "./keys.ts";

/** Largest result that is remembered, as JSON characters. */
const MAX_RESULT = 20_000;
const MAX_KEYS = 100;

/**
 * Results of outside calls that a job need not make again: remembered under the job until it ends,
 * so that an attempt after a failure goes on where the last one stopped.
 */
export class OnceMemory {
  /** Keys used so far, with the calls under way. */
  readonly #used = new Map<string, Promise<unknown> | null>();

  constructor(
    readonly db: Database,
    readonly fence: Check,
    readonly jobId: string,
  ) {}

  /** True when this attempt remembered or recalled anything. */
  get used(): boolean {
    return this.#used.size > 0;
  }

  /**
   * The remembered result of `key`, or what `fn` makes now, remembered before it is returned. Two
   * that ask at the same time share one call. The
   * call may be made again if the process dies between its end and the commit: at least once.
   */
  async run<T>(key: string, fn: () => Promise<T> | T): Promise<T> {
    if (this.#used.size >= MAX_KEYS && !this.#used.has(key)) {
      throw new RangeError(`a job remembers at most ${MAX_KEYS} results`);
    }
    const underWay = this.#used.get(key);
    if (underWay) return await underWay as T;
    const call = this.#run(key, fn).finally(() => this.#used.set(key, null));
    this.#used.set(key, call);
    return await call;
  }

  async #run<T>(key: string, fn: () => Promise<T> | T): Promise<T> {
    const at = onceKey(this.jobId, key);
    const stored = await this.db.kv.get<{ value: T }>(at);
    if (stored.value !== null) return stored.value.value;
    const value = await fn();
    const text = JSON.stringify(value);
    if (text !== undefined && text.length > MAX_RESULT) {
      throw new RangeError(`the result of once("${key}") is too large to be remembered`);
    }
    const tx = new WriteSet().check(this.fence.key, this.fence.versionstamp);
    if (
      !await this.db.commit(
        tx.set(at, { value: text === undefined ? undefined : JSON.parse(text) }),
      )
    ) {
      throw new Error("this worker has lost its session");
    }
    return value;
  }
}

/** Adds the removal of everything a job remembered. */
export async function forgetOnce(kv: Deno.Kv, tx: WriteSet, jobId: string): Promise<void> {
  for await (const { key } of kv.list({ prefix: oncePrefix(jobId) }, { limit: MAX_KEYS })) {
    tx.delete(key);
  }
}
