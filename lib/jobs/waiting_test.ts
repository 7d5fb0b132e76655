import assert from "node:assert/strict";
import type { Job } from "./job.ts";
import { type PutOff, putOffText, waitingBecause } from "./waiting.ts";

const context = {
  now: 0,
  paused: null,
  served: true,
  running: 0,
  concurrency: 1,
  limits: {},
  rateLimited: false,
  ahead: 0,
  throughputPerSecond: 0,
};

/** What is said of a job that was put off, of which the record keeps this text. */
function saidOf(reason: string) {
  const job = { queue: "q", state: "available", runAt: 1, reason } as Job;
  const { until: _until, ...because } = waitingBecause(job, context)[0]!;
  return because;
}

Deno.test("a job that was put off behind another names it in a field, with and without one", () => {
  const putOff: PutOff[] = [
    { reason: "earlier_turn", detail: "a <b>: (task c)", task_id: "q:1-2" },
    { reason: "earlier_turn", detail: "<x>: no id" },
    { reason: "training", detail: "two\nlines" },
  ];
  for (const because of putOff) assert.deepEqual(saidOf(putOffText(because)), because);
  const before = "earlier_turn: an earlier message is being answered (task t)";
  assert.deepEqual(saidOf(before), { reason: "earlier_turn", detail: before.slice(14) });
});
