import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import type { Attempt } from "./attempt.ts";
import type { AnyDefinition } from "./definition.ts";
import type { Job, JobRecord, JobState } from "./job.ts";
import { parseJobId } from "./job_id.ts";
import { type JobFilter, type JobPage, listDead, listJobs } from "./job_list.ts";
import type { Levels } from "./levels.ts";
import { type QueueOverview, queueOverview } from "./queue_overview.ts";
import type { QueueRunner } from "./queue_runner.ts";
import type { QueueSettings } from "./queue_settings.ts";
import type { QueueStats } from "./queue_stats.ts";
import { readJob, toJob } from "./store.ts";
import { waitingBecause, type WaitingReason } from "./waiting.ts";

/** A job as people see it: the stored record and what only the worker knows. */
export interface JobView extends Omit<Job, "state"> {
  state: JobState;
  progress?: { percent: number; message?: string };
  worker?: string;
}

export interface ReaderDeps {
  db: Database;
  clock: Clock;
  worker: string;
  definitions: ReadonlyMap<string, AnyDefinition>;
  runners: ReadonlyMap<string, QueueRunner>;
  stats: ReadonlyMap<string, QueueStats>;
  levels: Levels;
  settings: QueueSettings;
}

/** Answers questions about jobs and queues, from the store and from what runs here; changes nothing. */
export class JobReader {
  constructor(readonly deps: ReaderDeps) {}

  /** A job with its present state and result, or null when it is unknown or no longer kept. */
  async get(id: string): Promise<JobView | null> {
    const stored = await readJob(this.deps.db, id);
    if (!stored) return null;
    const view = this.#view(toJob(stored.address, stored.record));
    if (view.state !== "completed") return view;
    const elsewhere = await this.deps.definitions.get(view.kind)?.result?.(view as Job);
    return elsewhere === undefined ? view : { ...view, result: elsewhere };
  }

  /** Whether a job has ended and is still kept. */
  async hasEnded(id: string): Promise<boolean> {
    return (await readJob(this.deps.db, id))?.record.finishedAt !== undefined;
  }

  /** One page of jobs, newest first. Throws AppError `invalid` for a limit that is no whole number. */
  async list(filter: JobFilter): Promise<JobPage> {
    const { db, clock, levels, stats } = this.deps;
    if (!Number.isSafeInteger(filter.limit) || filter.limit < 0) {
      throw new AppError("invalid", "limit must be a whole number from 0");
    }
    if (filter.state === "failed") return await listDead(db.kv, [...stats.keys()], filter);
    const now = clock.now();
    return await listJobs(
      db.kv,
      levels.all,
      filter,
      (id, record) =>
        record.finishedAt === undefined && this.attempt(id) ? "running" : dueState(record, now),
    );
  }

  /** The running jobs, longest running first. */
  active(queue?: string): JobView[] {
    const views: JobView[] = [];
    for (const [name, runner] of this.deps.runners) {
      if (queue && name !== queue) continue;
      for (const { job } of runner.running.values()) {
        views.push(this.#view(toJob(job.address, job.record)));
      }
    }
    return views.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** Why an unfinished job is not running; empty for running and ended ones. */
  async waitingBecause(id: string, working: boolean): Promise<WaitingReason[]> {
    const view = await this.get(id);
    if (!view || view.state === "running" || view.finishedAt !== undefined) return [];
    const { clock, runners, settings } = this.deps;
    const runner = runners.get(view.queue);
    const overview = await this.overview(view.queue);
    let ahead = runner?.aheadOf(view.id, view.priority) ?? 0;
    for (const [priority, count] of Object.entries(overview.depth["available"] ?? {})) {
      if (Number(priority) < view.priority) ahead += count;
    }
    return waitingBecause(view as Job, {
      now: clock.now(),
      paused: settings.pauseOf(view.queue),
      served: working && runner !== undefined,
      running: runner?.busy ?? 0,
      concurrency: runner?.concurrency ?? 0,
      limits: settings.limitsOf(view.queue),
      rateLimited: runner?.rateLimited ?? false,
      ahead,
      throughputPerSecond: overview.throughputPerSecond,
    });
  }

  /** What a queue holds and how it goes. */
  overview(queue: string): Promise<QueueOverview> {
    const { db, clock, settings, runners, stats } = this.deps;
    return queueOverview(db.kv, queue, {
      now: clock.now(),
      pause: settings.pauseOf(queue),
      runner: runners.get(queue),
      stats: stats.get(queue)!,
    });
  }

  /** The attempt under way at a job in this process. */
  attempt(id: string): Attempt | undefined {
    const address = parseJobId(id);
    return address ? this.deps.runners.get(address.queue)?.running.get(id) : undefined;
  }

  #view(job: Job): JobView {
    // A job that is stored as ended has ended, though its attempt may not have heard of it yet.
    const attempt = job.finishedAt === undefined ? this.attempt(job.id) : undefined;
    if (!attempt) return { ...job, state: dueState(job, this.deps.clock.now()) };
    return {
      ...job,
      state: "running",
      startedAt: attempt.startedAt,
      progress: attempt.progress,
      worker: this.deps.worker,
    };
  }
}

/** A scheduled or retrying job whose time has come counts as queued. */
function dueState(record: JobRecord, now: number): JobState {
  const due = record.runAt !== undefined && record.runAt <= now && record.finishedAt === undefined;
  return due ? "available" : record.state;
}
