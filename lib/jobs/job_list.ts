import { type Job, type JobRecord, type JobState } from "./job.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { formatJobId, type JobAddress, suffixOf } from "./job_id.ts";
import { deadPrefix, levelRange } from "./keys.ts";
import { readJob, type StoredJob, toJob } from "./store.ts";

export interface JobFilter {
  queue?: string;
  state?: JobState;
  kind?: string;
  /** The batch or flow that it belongs to. */
  batchId?: string;
  /** Text that the id, kind or payload contains. */
  text?: string;
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

/** Dead letters whose jobs are read at the same time. */
const MAX_LETTERS_A_READ = 50;

/** Jobs by their turn, newest first, over all levels. `stateOf` knows what is running. */
export async function listJobs(
  kv: Deno.Kv,
  levels: readonly Level[],
  filter: JobFilter,
  stateOf: (id: string, record: JobRecord) => JobState,
): Promise<JobPage> {
  const before = filter.cursor?.replace(/[^0-9a-z]/g, "");
  const chosen = levels.filter((level) => !filter.queue || level.queue === filter.queue);
  const streams = await Promise.all(chosen.map(async (level) => {
    const iterator = kv.list<PackedRecord>(
      levelRange(level, "", before),
      { reverse: true, batchSize: Math.min(100, filter.limit + 1) },
    );
    return { level, iterator, head: await iterator.next() };
  }));
  const page: JobPage = { jobs: [], capped: false };
  for (let scanned = 0; page.jobs.length < filter.limit; scanned++) {
    let best: typeof streams[number] | undefined;
    let suffix = "";
    for (const stream of streams) {
      if (stream.head.done) continue;
      const own = suffixOf(String(stream.head.value.key.at(-1)));
      if (own > suffix) {
        best = stream;
        suffix = own;
      }
    }
    if (!best || best.head.done) return page;
    if (scanned >= MAX_SCANNED) return { ...page, capped: true };
    const address: JobAddress = { ...best.level, suffix };
    const record = unpackRecord(best.head.value.value);
    best.head = await best.iterator.next();
    page.nextCursor = suffix;
    const state = stateOf(formatJobId(address), record);
    if (matches(address, record, state, filter)) {
      page.jobs.push({ ...toJob(address, record), state: state as Job["state"] });
    }
  }
  if (streams.every((stream) => stream.head.done)) delete page.nextCursor;
  return page;
}

/** Dead letters, newest first, by their own index. */
export async function listDead(
  kv: Deno.Kv,
  queues: readonly string[],
  filter: JobFilter,
): Promise<JobPage> {
  const before = filter.cursor ? Number(filter.cursor) : Infinity;
  const found: { at: number; id: string }[] = [];
  const wanted = queues.filter((queue) => !filter.queue || queue === filter.queue);
  await Promise.all(wanted.map(async (queue) => {
    const prefix = deadPrefix(queue);
    const entries = kv.list({ prefix, end: [...prefix, before] }, {
      reverse: true,
      limit: MAX_SCANNED / 10,
    });
    for await (const { key } of entries) {
      const [at, id] = key.slice(-2) as [number, string];
      found.push({ at, id });
    }
  }));
  found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const page: JobPage = { jobs: [], capped: false };
  const step = Math.max(1, Math.min(filter.limit, MAX_LETTERS_A_READ));
  let read: (StoredJob | null)[] = [];
  for (const [index, { at }] of found.entries()) {
    // Letters of the same millisecond stay on one page, since the cursor is that millisecond.
    if (page.jobs.length >= filter.limit && page.nextCursor !== String(at)) return page;
    page.nextCursor = String(at);
    if (index % step === 0) read = await readJobs(kv, found.slice(index, index + step));
    const job = read[index % step];
    if (job && matches(job.address, job.record, "failed", filter)) {
      page.jobs.push(toJob(job.address, job.record));
    }
  }
  if (found.length < MAX_SCANNED / 10) delete page.nextCursor;
  return page;
}

function readJobs(kv: Deno.Kv, letters: { id: string }[]): Promise<(StoredJob | null)[]> {
  return Promise.all(letters.map(({ id }) => readJob(kv, id)));
}

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
    (JSON.stringify(record.payload) ?? "").toLowerCase().includes(text);
}
