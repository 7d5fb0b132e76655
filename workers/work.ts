import type { JobEngine } from "../lib/jobs/engine.ts";
import type { EnqueueOptions } from "../lib/jobs/enqueue_options.ts";
import type { WriteSet } from "../lib/kv/write_set.ts";
import { httpTaskKind } from "./http_task.ts";
import { type ReportJob, reportJob } from "./generate_report.ts";
import { probeJob } from "./probe.ts";
import { recountJob } from "./recount.ts";
import {
  cleanUpCacheJob,
  cleanUpConversationsJob,
  cleanUpTasksJob,
  clearCacheJob,
} from "./maintenance.ts";

const CLEANUPS = {
  conversations: cleanUpConversationsJob,
  cache: cleanUpCacheJob,
  tasks: cleanUpTasksJob,
} as const;

export type CleanupType = "all" | keyof typeof CLEANUPS;

/** Jobs that a request asks for, each added to the atomic that the request commits. */
export function requestedWork(engine: JobEngine) {
  return {
    report(tx: WriteSet, type: ReportJob["type"], range: { start: string; end: string }): string {
      return engine.prepare(tx, reportJob, { type, ...range });
    },
    recount(tx: WriteSet): string {
      return engine.prepare(tx, recountJob, {});
    },
    cleanup(tx: WriteSet, type: CleanupType): { type: string; taskId: string }[] {
      return Object.entries(CLEANUPS)
        .filter(([name]) => type === "all" || name === type)
        .map(([name, kind]) => ({ type: name, taskId: engine.prepare(tx, kind, {}) }));
    },
    /** A task performed at somebody's address; the id of the one that holds its unique key. */
    httpTask(
      tx: WriteSet,
      { name, queue, url, payload }: { name: string; queue: string; url: string; payload: unknown },
      options: EnqueueOptions,
    ): Promise<string> {
      return engine.prepareUnique(tx, httpTaskKind(name, queue), { url, payload }, options);
    },
    probe(queue: string): Promise<string> {
      return engine.enqueue({ ...probeJob, queue }, {});
    },
    clearCache(tx: WriteSet, pattern: string | undefined, cursor: string | undefined): string {
      return engine.prepare(tx, clearCacheJob, { pattern, cursor });
    },
  };
}
