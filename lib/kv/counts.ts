/**
 * A count record: many counters kept as one value, so that what happens together is counted with
 * one write. A record is a sparse vector of integers, field number → count; adding two records
 * adds them field by field, so the order of additions never matters.
 */
export interface Counts {
  /** Field numbers, ascending, each at most once. */
  readonly fields: readonly number[];
  /** The count of each field, same order, never 0. */
  readonly values: readonly number[];
}

/** What is to be added to a record: field number (a safe integer ≥ 0) → signed amount. */
export type CountDelta = ReadonlyMap<number, number>;

export const NO_COUNTS: Counts = { fields: [], values: [] };

/** So many fields are put into a record one by one. */
const FEW = 8;
/** Counts stay below this, so that a sum of two is still exact. */
const MAX_COUNT = 2 ** 52;

/** The record with the delta added. Fields that come to 0 leave it. */
export function addCounts(base: Counts, delta: CountDelta): Counts {
  // Most additions are to fields that are there; then only the counts are copied.
  const values = base.values.slice();
  let fresh: [field: number, by: number][] | undefined;
  let emptied = false;
  for (const [field, by] of delta) {
    if (!(Number.isSafeInteger(field) && field >= 0)) throw new RangeError(`no field ${field}`);
    const index = lowerBound(base, field);
    const known = base.fields[index] === field;
    const sum = known ? values[index]! + by : by;
    if (!(Math.abs(sum) < MAX_COUNT)) throw new RangeError(`count of field ${field} out of range`);
    if (known) values[index] = sum;
    else if (by !== 0) (fresh ??= []).push([field, by]);
    if (sum === 0) emptied = true;
  }
  if (!fresh && !emptied) return { fields: base.fields, values };
  if (fresh && !emptied && fresh.length <= FEW) return insert(base.fields, values, fresh);
  return rebuild(base.fields, values, (fresh ?? []).sort((a, b) => a[0] - b[0]));
}

/** Puts in fields that are new where they belong; copies are cheaper than going through all. */
function insert(
  known: readonly number[],
  values: number[],
  fresh: readonly [field: number, by: number][],
): Counts {
  const after = { fields: known.slice(), values };
  for (const [field, by] of fresh) {
    const index = lowerBound(after, field);
    after.fields.splice(index, 0, field);
    values.splice(index, 0, by);
  }
  return after;
}

/** Merges fields that are new into those that are there, and drops those that came to 0. */
function rebuild(
  known: readonly number[],
  counts: readonly number[],
  fresh: readonly [field: number, by: number][],
): Counts {
  const fields: number[] = [];
  const values: number[] = [];
  let next = 0;
  for (let i = 0; i <= known.length; i++) {
    const before = i < known.length ? known[i]! : Infinity;
    for (; next < fresh.length && fresh[next]![0] < before; next++) {
      fields.push(fresh[next]![0]);
      values.push(fresh[next]![1]);
    }
    if (i < known.length && counts[i] !== 0) {
      fields.push(before);
      values.push(counts[i]!);
    }
  }
  return { fields, values };
}

/** Adds `by` to the delta under construction. */
export function bump(delta: Map<number, number>, field: number, by: number): void {
  if (by !== 0) delta.set(field, (delta.get(field) ?? 0) + by);
}

/** Index of the first field that is ≥ `field`. */
export function lowerBound(counts: Counts, field: number): number {
  let low = 0;
  let high = counts.fields.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (counts.fields[middle]! < field) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The count of one field, 0 when the record does not have it. */
export function countOf(counts: Counts, field: number): number {
  const index = lowerBound(counts, field);
  return counts.fields[index] === field ? counts.values[index]! : 0;
}

/** Whether any field from `from` up to, not including, `to` is there. */
export function hasAny(counts: Counts, from: number, to: number): boolean {
  const field = counts.fields[lowerBound(counts, from)];
  return field !== undefined && field < to;
}

let scratch = new Uint8Array(16 * 1024);
let places = new Uint32Array(1024);

/** A record's stored form, and where in it each of its counts stands. */
export interface StoredCounts {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly places: Uint32Array;
}

/** Stored form: for each field the gap to the one before and the zigzag count, as varints. */
export function encodeCounts(counts: Counts): Uint8Array<ArrayBuffer> {
  const length = encode(counts);
  return scratch.slice(0, length);
}

/** The stored form, to be given to `recode` once counts have changed. */
export function storedCounts(counts: Counts): StoredCounts {
  const bytes = encodeCounts(counts);
  return { bytes, places: places.slice(0, counts.fields.length) };
}

/** Fills `scratch` and `places`; returns the length. */
function encode({ fields, values }: Counts): number {
  const length = fields.length;
  if (scratch.length < length * 16) scratch = new Uint8Array(length * 16);
  if (places.length < length) places = new Uint32Array(length * 2);
  let at = 0;
  let previous = 0;
  for (let i = 0; i < length; i++) {
    at = writeVarint(scratch, at, fields[i]! - previous);
    previous = fields[i]!;
    places[i] = at;
    at = writeVarint(scratch, at, zigzag(values[i]!));
  }
  return at;
}

/**
 * The stored form of `after`, from that of `before` with the same fields: only counts that changed
 * are written. Null where one of them takes another number of bytes.
 */
export function recode(
  { bytes: old, places }: StoredCounts,
  before: Counts,
  after: Counts,
): StoredCounts | null {
  const bytes = old.slice();
  for (let i = 0; i < after.values.length; i++) {
    if (after.values[i] === before.values[i]) continue;
    const at = places[i]!;
    let end = at + 1;
    while (bytes[end - 1]! >= 0x80) end++;
    const count = zigzag(after.values[i]!);
    if (varintLength(count) !== end - at) return null;
    writeVarint(bytes, at, count);
  }
  return { bytes, places };
}

const zigzag = (value: number): number => value >= 0 ? value * 2 : -value * 2 - 1;

function writeVarint(into: Uint8Array, at: number, number: number): number {
  while (number >= 0x80) {
    into[at++] = (number % 0x80) | 0x80;
    number = Math.floor(number / 0x80);
  }
  into[at++] = number;
  return at;
}

function varintLength(number: number): number {
  let length = 1;
  for (; number >= 0x80; length++) number = Math.floor(number / 0x80);
  return length;
}

/**
 * Reads the stored form, up to and not including the field `end`; anything that is not one (nothing
 * stored) is the empty record.
 */
export function decodeCounts(stored: unknown, end = Infinity): Counts {
  if (!(stored instanceof Uint8Array)) return NO_COUNTS;
  const fields: number[] = [];
  const values: number[] = [];
  let at = 0;
  let field = 0;
  while (at < stored.length) {
    for (let part = 0; part < 2; part++) {
      let number = 0;
      for (let scale = 1;; scale *= 0x80) {
        const byte = stored[at++];
        if (byte === undefined) throw new RangeError("a count record is cut short");
        number += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
      if (part === 0 && field + number >= end) return { fields, values };
      if (part === 0) fields.push(field += number);
      else values.push(number % 2 === 0 ? number / 2 : -(number + 1) / 2);
    }
  }
  return { fields, values };
}
