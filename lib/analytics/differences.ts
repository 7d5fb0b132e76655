import { countOf, type Counts } from "../kv/counts.ts";
import { dateText } from "./periods.ts";

/** A count that is not what the facts, or the records below it, say. */
export interface Difference {
  /** Which record, in words. */
  record: string;
  /** Which count of it, in words. */
  count: string;
  expected: number;
  stored: number;
}

/** Days since the epoch, `to` not included, of which a record is made; null: of all there ever was. */
export type DaySpan = { from: number; to: number } | null;

const MAX_KEPT = 1_000;

/** Collects differences, and forgets those that changes made meanwhile may explain. */
export class Differences {
  readonly #found: { difference: Difference; span: DaySpan }[] = [];
  #compared = 0;
  #dropped = 0;

  /** Counts compared. */
  get compared(): number {
    return this.#compared;
  }

  check(span: DaySpan, record: string, count: string, expected: number, stored: number): void {
    this.#compared++;
    if (expected === stored) return;
    if (this.#found.length >= MAX_KEPT) this.#dropped++;
    else this.#found.push({ difference: { record, count, expected, stored }, span });
  }

  /** Compares all fields of a record for which `known`; `name` says a field in words. */
  checkRecord(
    span: DaySpan,
    record: string,
    expected: ReadonlyMap<number, number>,
    stored: Counts,
    name: (field: number) => string,
    known: (field: number) => boolean = () => true,
  ): void {
    for (const [field, count] of expected) {
      if (known(field)) this.check(span, record, name(field), count, countOf(stored, field));
    }
    stored.fields.forEach((field, i) => {
      if (!expected.has(field) && known(field)) {
        this.check(span, record, name(field), 0, stored.values[i]!);
      }
    });
  }

  /** What is left when records of these days changed while they were compared. */
  result(changed: ReadonlySet<number>): { differences: Difference[]; count: number } {
    const certain = this.#found.filter(({ span }) =>
      ![...changed].some((day) => span === null || day >= span.from && day < span.to)
    );
    // With too many to keep it is unknown which of the others still stand; all are counted.
    const count = certain.length + this.#dropped;
    return { differences: certain.map(({ difference }) => difference), count };
  }
}

export const daySpan = (day: number): DaySpan => ({ from: day, to: day + 1 });

/** "day 2026-01-31". */
export const dayText = (day: number): string => `day ${dateText(day)}`;
