import type { Counts } from "../kv/counts.ts";
import { lowerBound } from "../kv/counts.ts";

/**
 * Durations in buckets whose bounds grow by 5%, so that a percentile is within 2.5% of the true
 * one. Histograms add up bucket by bucket. 0.1 ms is the finest difference, an hour the longest.
 */
const GROWTH = 1.05;
const UNIT_MS = 0.1;
const LOG_GROWTH = Math.log(GROWTH);
const LONGEST = bucket(60 * 60 * 1000);
/** Buckets of a histogram. */
export const BUCKETS = LONGEST + 1;

function bucket(ms: number): number {
  const units = ms / UNIT_MS;
  return units < 1 ? 0 : 1 + Math.floor(Math.log(units) / LOG_GROWTH);
}

/** The bucket of a duration in milliseconds; negative ones count as 0, above an hour as an hour. */
export const bucketOf = (ms: number): number => Math.min(bucket(Math.max(0, ms)), LONGEST);

/** Lengths up to this have a bucket each, longer ones share buckets of 5%. */
const EXACT_LENGTHS = 200;
const LONGEST_LENGTH = EXACT_LENGTHS + 160;

/** The bucket of a number of messages. */
export function lengthBucketOf(messages: number): number {
  if (messages <= EXACT_LENGTHS) return Math.max(0, messages);
  const above = 1 + Math.floor(Math.log(messages / EXACT_LENGTHS) / LOG_GROWTH);
  return Math.min(EXACT_LENGTHS + above, LONGEST_LENGTH);
}

/** The number of messages that stands for a bucket. */
export const lengthOf = (n: number): number =>
  n <= EXACT_LENGTHS ? n : Math.round(EXACT_LENGTHS * GROWTH ** (n - EXACT_LENGTHS - 0.5));

/** The duration in milliseconds that stands for a bucket: its geometric middle. */
export const middleOf = (n: number): number =>
  n === 0 ? UNIT_MS / 2 : UNIT_MS * GROWTH ** (n - 0.5);

/**
 * The duration in milliseconds below or at which the share `p` (0–1) of the observations lies,
 * nearest rank; null when there are none. `base` is the histogram's first field in the record,
 * `middle` what a bucket stands for.
 */
export function percentile(
  counts: Counts,
  base: number,
  p: number,
  middle: (bucket: number) => number = middleOf,
): number | null {
  const from = lowerBound(counts, base);
  const to = lowerBound(counts, base + BUCKETS);
  let total = 0;
  for (let i = from; i < to; i++) total += counts.values[i]!;
  if (total <= 0) return null;
  let rest = Math.max(1, Math.ceil(p * total));
  for (let i = from; i < to; i++) {
    rest -= counts.values[i]!;
    if (rest <= 0) return middle(counts.fields[i]! - base);
  }
  return null;
}
