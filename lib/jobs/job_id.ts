/**
 * A job's id spells the key it is stored under, so that finding a job needs no index:
 * `conversations-05-0hmk3x8k2p1a7f3000c` = queue, shard and priority, and a suffix that sorts by
 * the job's turn (see fair_order.ts) and is unique.
 */
export interface JobAddress {
  queue: string;
  /** 0–35. */
  shard: number;
  /** 0–9. */
  priority: number;
  suffix: string;
}

/** Characters of the suffix that are the job's turn: microseconds in base 36, enough until 2087. */
const TURN_LENGTH = 11;
/** A segment is this many leading characters of a suffix: 36⁴ µs, about 1.7 seconds of turns. */
const SEGMENT_LENGTH = TURN_LENGTH - 4;
const COUNTER_LENGTH = 4;
const SUFFIX_LENGTH = TURN_LENGTH + 2 * COUNTER_LENGTH;
/** Trailing characters of a turn that count up to about a minute; numbers so small are cheap to spell. */
const MINUTE_LENGTH = 5;
const MINUTE = 36 ** MINUTE_LENGTH;
const COUNTER_LIMIT = 36 ** COUNTER_LENGTH;
const QUEUE_NAME = /^[a-z][a-z0-9_]{0,31}$/;
const JOB_ID = /^([a-z][a-z0-9_]{0,31})-([0-9a-z])([0-9])-([0-9a-z]{19})$/;

export const isQueueName = (name: string): boolean => QUEUE_NAME.test(name);

/** The id that spells an address. */
export function formatJobId(address: JobAddress): string {
  return `${address.queue}-${address.shard.toString(36)}${address.priority}-${address.suffix}`;
}

/** The address that an id spells, or null for a string that is no job id. */
export function parseJobId(id: string): JobAddress | null {
  const match = JOB_ID.exec(id);
  if (!match) return null;
  return {
    queue: match[1]!,
    shard: parseInt(match[2]!, 36),
    priority: Number(match[3]),
    suffix: match[4]!,
  };
}

/** The suffix of an id. */
export const suffixOf = (id: string): string => id.slice(-SUFFIX_LENGTH);

/** The segment of a suffix; segments sort as their suffixes do. */
export const segmentOf = (suffix: string): string => suffix.slice(0, SEGMENT_LENGTH);

/** The turn of a suffix, in microseconds. */
export const turnOf = (suffix: string): number => parseInt(suffix.slice(0, TURN_LENGTH), 36);

/** Makes suffixes that are unique within the process by a counter, between processes by chance. */
export class SuffixMaker {
  readonly #session = Math.floor(Math.random() * COUNTER_LIMIT).toString(36).padStart(4, "0");
  #counter = 0;
  /** The leading characters of the last turn, which stay the same for a minute. */
  #minute = -1;
  #minuteText = "";

  make(turn: number): string {
    const counter = this.#counter;
    this.#counter = (counter + 1) % COUNTER_LIMIT;
    const minute = Math.floor(turn / MINUTE);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#minuteText = minute.toString(36).padStart(TURN_LENGTH - MINUTE_LENGTH, "0");
    }
    const rest = Math.floor(turn - minute * MINUTE);
    return this.#minuteText + rest.toString(36).padStart(MINUTE_LENGTH, "0") + this.#session +
      counter.toString(36).padStart(COUNTER_LENGTH, "0");
  }
}
