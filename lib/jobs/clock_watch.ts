import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { formatJobId } from "./job_id.ts";
import { jobKey, timerPrefix } from "./keys.ts";
import type { QueueRunner } from "./queue_runner.ts";
import { readJob, writeJob } from "./store.ts";

/** The clock was set when it moved this much against the time that passed. */
const TOLERANCE_MS = 500;
/** Waiting jobs looked at when the clock was set back, and at a start, which cannot know. */
const MANY = 10_000;
const FEW = 500;
const AT_ONCE = 50;

/** Notices when somebody sets the clock, and lets the queues look anew at what is due. */
export class ClockWatch {
  #offset: number;
  readonly #underWay = new Set<Promise<void>>();

  constructor(readonly options: { db: Database; clock: Clock; log: Logger }) {
    const { clock } = options;
    this.#offset = clock.now() - clock.elapsed();
  }

  look(runners: Iterable<QueueRunner>): void {
    const { clock } = this.options;
    const offset = clock.now() - clock.elapsed();
    const moved = offset - this.#offset;
    if (Math.abs(moved) <= TOLERANCE_MS) return;
    this.#offset = offset;
    for (const runner of runners) {
      runner.backlog.clockSet();
      if (moved < 0) this.shortenWaits(runner, MANY);
    }
  }

  /** Begins anew with waits that a clock which was ahead has set; see `shortenWaits`. */
  shortenWaits(runner: QueueRunner, limit = FEW): void {
    const { db, clock, log } = this.options;
    const work = shortenWaits(db, clock, runner, limit)
      .then((shortened) => shortened > 0 ? runner.backlog.clockSet() : undefined)
      .catch((error) => log.error("waiting tasks could not be looked at", { error }))
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  /** Resolves when nothing is being changed any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

/**
 * A job that an attempt put off (to be retried, or because it said so) waits so long after that
 * attempt. Where the attempt started later than it is now, the clock was ahead and has been set back:
 * the wait begins anew, now. Instants that somebody asked for stay as they are. Looks at the first
 * `limit` waiting jobs of a queue and resolves with how many were changed.
 */
async function shortenWaits(
  db: Database,
  clock: Clock,
  runner: QueueRunner,
  limit: number,
): Promise<number> {
  const { queue, shard } = runner.options;
  const now = clock.now();
  const prefix = timerPrefix(queue, shard);
  const timers = db.kv.list({ start: [...prefix, now], end: [...prefix, Infinity] }, { limit });
  let shortened = 0;
  let page: Promise<boolean>[] = [];
  const settle = async () => {
    shortened += (await Promise.all(page)).filter((changed) => changed).length;
    page = [];
  };
  for await (const { key } of timers) {
    const [priority, suffix] = key.slice(-2) as [number, string];
    page.push(shortenWait(db, now, runner, formatJobId({ queue, shard, priority, suffix })));
    if (page.length === AT_ONCE) await settle();
  }
  await settle();
  return shortened;
}

async function shortenWait(
  db: Database,
  now: number,
  { backlog }: QueueRunner,
  id: string,
): Promise<boolean> {
  const stored = await readJob(db.kv, id);
  if (!stored || stored.record.finishedAt !== undefined) return false;
  const { address, record, versionstamp } = stored;
  const { runAt, startedAt = now } = record;
  if (runAt === undefined || startedAt <= now || backlog.holds(id)) return false;
  const next = { ...record, startedAt: now, runAt: now + Math.max(0, runAt - startedAt) };
  const tx = new WriteSet().check(jobKey(id), versionstamp);
  writeJob(tx, address, record, next);
  backlog.block(id);
  let changed = false;
  try {
    changed = await db.commit(tx);
  } finally {
    backlog.unblock(id, changed);
  }
  return changed;
}
