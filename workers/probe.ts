import { z } from "zod";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";

/** A task that does nothing: its way through a queue shows that the queue works, and how fast. */
export const probeJob = declareJob({
  kind: "probe",
  queue: "default",
  payload: z.object({}),
  priority: 1,
  maxAttempts: 1,
  timeoutMs: 10_000,
});

/** Ends each probe at once. */
export function probe(): JobDefinition<Record<string, never>> {
  return handleJob(probeJob, { perform: () => complete() });
}
