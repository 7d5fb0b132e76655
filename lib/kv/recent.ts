/**
 * A cache of what was used last, bounded by weight, that costs one map look-up a use: a young and
 * an old generation; when the young one is half of the limit it becomes the old one, and what was
 * not used since the last change of generations goes.
 */
export class Recent<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #weight = 0;

  constructor(readonly limit: number, readonly weigh: (value: V) => number) {}

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const kept = this.#old.get(key);
    if (kept !== undefined) this.set(key, kept);
    return kept;
  }

  /** Looks without counting as a use. */
  peek(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: V): void {
    const before = this.#young.get(key);
    if (before !== undefined) this.#weight -= this.weigh(before);
    this.#young.set(key, value);
    this.#weight += this.weigh(value);
    if (this.#weight <= this.limit / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#weight = 0;
  }

  delete(key: string): void {
    const before = this.#young.get(key);
    if (before !== undefined) this.#weight -= this.weigh(before);
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#weight = 0;
  }

  /** Entries held. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
