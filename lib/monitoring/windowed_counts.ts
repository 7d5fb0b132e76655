/** Counts per minute over the last `minutes` minutes; adding to a minute that has left is ignored. */
export class WindowedCounts<Field extends string> {
  readonly #slots: { minute: number; counts: Record<Field, number> }[] = [];

  constructor(readonly minutes: number, readonly fields: readonly Field[]) {}

  /** Adds to the counts of `minute` (whole minutes since the epoch). */
  add(minute: number, counts: Partial<Record<Field, number>>): void {
    const index = minute % this.minutes;
    const slot = this.#slots[index];
    if (slot && slot.minute > minute) return;
    const into = slot?.minute === minute ? slot.counts : this.#zero();
    for (const field of this.fields) into[field] += counts[field] ?? 0;
    this.#slots[index] = { minute, counts: into };
  }

  /** The counts of one minute. */
  at(minute: number): Record<Field, number> {
    const slot = this.#slots[minute % this.minutes];
    return slot?.minute === minute ? { ...slot.counts } : this.#zero();
  }

  /** The sum over the window that ends with `minute`, that one included. */
  total(minute: number): Record<Field, number> {
    const sum = this.#zero();
    for (const slot of this.#slots) {
      if (!slot || slot.minute > minute || slot.minute <= minute - this.minutes) continue;
      for (const field of this.fields) sum[field] += slot.counts[field];
    }
    return sum;
  }

  #zero(): Record<Field, number> {
    return Object.fromEntries(this.fields.map((field) => [field, 0])) as Record<Field, number>;
  }
}

/** `part` of `whole` in percent; null over nothing. */
export function rate(part: number, whole: number): number | null {
  return whole > 0 ? (part / whole) * 100 : null;
}
