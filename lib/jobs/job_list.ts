import { invalidField } from "../errors.ts";
import { readMany } from "../kv/read_many.ts";
import { type Job, type JobRecord, type JobState } from "./job.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { formatJobId, type JobAddress, parseJobId, suffixOf } from "./job_id.ts";
import { deadPrefix, jobKey, levelRange } from "./keys.ts";
import { WRONG_CURSOR } from "../wire/cursor.ts";
import { inGroups, merged } from "./merged.ts";
import { toJob } from "./store.ts";

export interface JobFilter {
  queue?: string;
  state?: JobState;
  kind?: string;
  /** The batch or flow that it belongs to. */
  batchId?: string;
  /** Text that the id, kind or payload contains. */
  text?: string;
  /** Fields of the payload that `text` may be found in; all of it when absent. */
  textIn?: readonly string[];
  limit: number;
  /** From an earlier page. */
  cursor?: string;
}

export interface JobPage {
  jobs: Job[];
  nextCursor?: string;
  /** True when the search gave up before it had seen everything; go on with the cursor. */
  capped: boolean;
}

export interface Level {
  queue: string;
  shard: number;
  priority: number;
}

/** Records looked at for one page, so that a rare match cannot make a page slow. */
const MAX_SCANNED = 5_000;

/** Dead letters looked at for one page: each takes a read of its own record. */
const MAX_LETTERS = 500;
/** Dead letters whose jobs are read at the same time. */
const MAX_LETTERS_A_READ = 50;

const TURN_CURSOR = /^[0-9a-z]{1,40}$/;
const LETTER_CURSOR = /^(\d{1,16})_(.{1,100})$/;

/**
 * Jobs by their turn, newest first, over all levels. `stateOf` knows what is running. Throws AppError
 * `invalid` for a cursor that no page gave.
 */
export async function listJobs(
  kv: Deno.Kv,
  levels: readonly Level[],
  filter: JobFilter,
  stateOf: (id: string, record: JobRecord) => JobState,
): Promise<JobPage> {
  const { cursor, limit } = filter;
  if (cursor !== undefined && !TURN_CURSOR.test(cursor)) throw wrongCursor();
  const chosen = levels.filter((level) => !filter.queue || level.queue === filter.queue);
  const lists = chosen.map((level) =>
    kv.list<PackedRecord>(levelRange(level, "", cursor), {
      reverse: true,
      batchSize: Math.min(100, limit + 1),
    })
  );
  const page: JobPage = { jobs: [], capped: false };
  let scanned = 0;
  for await (const { from, value: entry } of merged(lists, turnOfEntry)) {
    if (page.jobs.length >= limit) return page;
    if (scanned++ >= MAX_SCANNED) return { ...page, capped: true };
    const suffix = turnOfEntry(entry);
    const address: JobAddress = { ...chosen[from]!, suffix };
    const record = unpackRecord(entry.value);
    page.nextCursor = suffix;
    const state = stateOf(formatJobId(address), record);
    if (matches(address, record, state, filter)) {
      page.jobs.push({ ...toJob(address, record), state: state as Job["state"] });
    }
  }
  delete page.nextCursor;
  return page;
}

/**
 * Dead letters, newest first, by their own index. Throws AppError `invalid` for a cursor that no page
 * gave.
 */
export async function listDead(
  kv: Deno.Kv,
  queues: readonly string[],
  filter: JobFilter,
): Promise<JobPage> {
  const { limit } = filter;
  const before = filter.cursor === undefined ? [Infinity] : letterOf(filter.cursor);
  const lists = queues.filter((queue) => !filter.queue || queue === filter.queue).map((queue) => {
    const prefix = deadPrefix(queue);
    return kv.list({ prefix, end: [...prefix, ...before] }, {
      reverse: true,
      batchSize: Math.min(100, limit + 1),
    });
  });
  const page: JobPage = { jobs: [], capped: false };
  const step = Math.max(1, Math.min(limit, MAX_LETTERS_A_READ));
  let scanned = 0;
  for await (const letters of inGroups(merged(lists, letterText), step)) {
    if (page.jobs.length >= limit) return page;
    if (scanned >= MAX_LETTERS) return { ...page, capped: true };
    scanned += letters.length;
    const ids = letters.map(({ value }) => String(value.key.at(-1)));
    const packed = await readMany<PackedRecord>(kv, ids.map(jobKey));
    for (const [i, { value: letter }] of letters.entries()) {
      if (page.jobs.length >= limit) return page;
      page.nextCursor = `${Number(letter.key.at(-2))}_${ids[i]}`;
      const address = parseJobId(ids[i]!);
      if (!address || !packed[i]) continue;
      const record = unpackRecord(packed[i]);
      if (matches(address, record, "failed", filter)) page.jobs.push(toJob(address, record));
    }
  }
  delete page.nextCursor;
  return page;
}

const turnOfEntry = ({ key }: Deno.KvEntry<unknown>): string => suffixOf(String(key.at(-1)));

/** When a letter's job failed, and its id, as text that sorts as they do. */
function letterText({ key }: Deno.KvEntry<unknown>): string {
  const [at, id] = key.slice(-2) as [number, string];
  return String(at).padStart(16, "0") + id;
}

/** When the last letter of a page failed, and its id. */
function letterOf(cursor: string): [number, string] {
  const [, at, id = ""] = LETTER_CURSOR.exec(cursor) ?? [];
  if (at === undefined || !parseJobId(id)) throw wrongCursor();
  return [Number(at), id];
}

const wrongCursor = () => invalidField("cursor", WRONG_CURSOR);

function matches(
  address: JobAddress,
  record: JobRecord,
  state: JobState,
  filter: JobFilter,
): boolean {
  if (filter.state && state !== filter.state) return false;
  if (filter.kind && record.kind !== filter.kind) return false;
  if (filter.batchId && record.batchId !== filter.batchId) return false;
  if (!filter.text) return true;
  const text = filter.text.toLowerCase();
  return formatJobId(address).includes(text) || record.kind.toLowerCase().includes(text) ||
    (JSON.stringify(searched(record.payload, filter.textIn)) ?? "").toLowerCase().includes(text);
}

function searched(payload: unknown, fields: readonly string[] | undefined): unknown {
  if (!fields) return payload;
  if (typeof payload !== "object" || payload === null) return undefined;
  return Object.fromEntries(
    Object.entries(payload).filter(([name, value]) =>
      fields.includes(name) && typeof value === "string"
    ),
  );
}
