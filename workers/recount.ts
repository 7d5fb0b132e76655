import { z } from "zod";
import { recount } from "../lib/analytics/recount.ts";
import { keptConversations } from "../lib/conversations/kept_facts.ts";
import { complete, declareJob, handleJob } from "../lib/jobs/definition.ts";
import type { Database } from "../lib/kv/database.ts";

const MAX_SHOWN = 50;

/** Compares every number of the reports with the facts that are kept. */
export const recountJob = declareJob({
  kind: "recount_analytics",
  queue: "analytics",
  payload: z.object({}),
  maxAttempts: 2,
  timeoutMs: 60 * 60_000,
});

/** The handler; the task's result says what differs. */
export function recountAnalytics(db: Database) {
  return handleJob(recountJob, {
    async perform(job) {
      const facts = { conversations: () => keptConversations(db.kv) };
      const result = await recount(db.kv, facts, job.signal);
      if (result.differenceCount > 0) {
        job.log.error("numbers differ from the facts", { differences: result.differenceCount });
      }
      return complete({
        conversations: result.conversations,
        turns: result.turns,
        compared: result.compared,
        difference_count: result.differenceCount,
        differences: result.differences.slice(0, MAX_SHOWN),
        days_without_all_facts: result.days_without_all_facts.length,
        changed_meanwhile: result.changed_meanwhile,
      });
    },
  });
}
