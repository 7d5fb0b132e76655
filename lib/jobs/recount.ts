import { counterValue } from "../kv/counter.ts";
import { keyText } from "../kv/key_text.ts";
import type { JobRecord } from "./job.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { formatJobId, type JobAddress, parseJobId } from "./job_id.ts";
import {
  allDeadPrefix,
  allDepthPrefix,
  allJobsPrefix,
  allLevelsPrefix,
  allOpenPrefix,
  allTimersPrefix,
  allUniquePrefix,
  deadKey,
  depthKey,
  levelKey,
  openKey,
  timerKey,
  uniqueKey,
} from "./keys.ts";

/** A counter or index entry that does not fit the records. */
export interface Difference {
  /** The key, its parts joined by `/`. */
  key: string;
  /** What is stored there: a count, for an index 1 or 0, for a unique key the job's id. */
  stored: number | string;
  /** What it would be by the records. */
  counted: number | string;
}

export interface RecountReport {
  /** Records looked at. */
  jobs: number;
  byState: Record<string, number>;
  /** The first `MAX_DIFFERENCES` of them. */
  differences: Difference[];
  differencesFound: number;
}

export const MAX_DIFFERENCES = 1_000;

/**
 * Reads every job once and compares all that is kept beside the records with them: the depth
 * counters, the counters of open jobs, the indexes of timers and dead letters, unique keys and
 * levels. Exact while nothing writes; changes nothing. Costs time by jobs and memory by what is
 * unfinished.
 */
export async function recount(kv: Deno.Kv): Promise<RecountReport> {
  const expected = new Expected();
  const report: RecountReport = { jobs: 0, byState: {}, differences: [], differencesFound: 0 };
  for await (const { key, value } of kv.list<PackedRecord>({ prefix: allJobsPrefix }, BATCH)) {
    const record = unpackRecord(value);
    expected.job(parseJobId(String(key.at(-1)))!, record);
    report.jobs++;
    report.byState[record.state] = (report.byState[record.state] ?? 0) + 1;
  }
  for (const prefix of KEPT_BESIDE) {
    for await (const { key, value } of kv.list({ prefix }, BATCH)) {
      const stored = typeof value === "string" ? value : value === 1 ? 1 : counterValue(value);
      note(report, key, stored, expected.take(key));
    }
  }
  for (const { key, value } of expected.rest()) note(report, key, 0, value);
  return report;
}

const BATCH = { batchSize: 500 };
const KEPT_BESIDE = [
  allDepthPrefix,
  allOpenPrefix,
  allTimersPrefix,
  allDeadPrefix,
  allUniquePrefix,
  allLevelsPrefix,
];

/** What the records ask for, by key. */
class Expected {
  readonly #entries = new Map<string, { key: Deno.KvKey; value: number | string }>();
  readonly #levels = new Set<string>();

  job(address: JobAddress, record: JobRecord): void {
    const { queue, shard, priority } = address;
    const id = formatJobId(address);
    const ended = record.finishedAt !== undefined;
    this.#add(depthKey(queue, record.state, priority));
    this.#levels.add(keyText(levelKey(queue, shard, priority)));
    if (record.state === "available") this.#add(openKey(address));
    else if (record.runAt !== undefined) this.#add(timerKey(record.runAt, address));
    if (record.state === "failed") this.#add(deadKey(queue, record.finishedAt ?? 0, id));
    if (record.uniqueKey !== undefined && !ended) this.#set(uniqueKey(queue, record.uniqueKey), id);
  }

  /** What this key should hold; asked once for each key that is stored. */
  take(key: Deno.KvKey): number | string {
    const text = keyText(key);
    // A level's mark outlives its jobs, so it may be there; it must be, once there is a job.
    if (key[1] === allLevelsPrefix[1]) {
      this.#levels.delete(text);
      return 1;
    }
    const value = this.#entries.get(text)?.value ?? 0;
    this.#entries.delete(text);
    return value;
  }

  /** What was never asked for: it should be stored and is not. */
  *rest(): Iterable<{ key: Deno.KvKey; value: number | string }> {
    yield* this.#entries.values();
    for (const text of this.#levels) yield { key: [text.replaceAll("\0", " ")], value: 1 };
  }

  #add(key: Deno.KvKey): void {
    const text = keyText(key);
    const entry = this.#entries.get(text);
    if (entry) (entry.value as number)++;
    else this.#entries.set(text, { key, value: 1 });
  }

  #set(key: Deno.KvKey, value: string): void {
    this.#entries.set(keyText(key), { key, value });
  }
}

function note(
  report: RecountReport,
  key: Deno.KvKey,
  stored: number | string,
  counted: number | string,
): void {
  if (stored === counted) return;
  report.differencesFound++;
  if (report.differences.length < MAX_DIFFERENCES) {
    report.differences.push({ key: key.join("/"), stored, counted });
  }
}
