/** What tests/integration/jobs_worker_pool_test.ts runs in threads. */
import { JobError } from "../../lib/jobs/definition.ts";
import { performInWorker } from "../../lib/jobs/worker_side.ts";

performInWorker<{ what: string; n: number }>(async ({ payload: { what, n }, progress }) => {
  if (what === "sum") {
    progress(50, "half");
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += i;
    return sum;
  }
  if (what === "read") return await Deno.readTextFile("/etc/hostname");
  if (what === "refuse") throw new JobError("no use", { permanent: true, code: "refused" });
  if (what === "crash") setTimeout(() => reportError(new Error("out of its mind")));
  // "forever" holds its thread as nothing but a thread's end can stop.
  while (what === "forever") n++;
  await new Promise(() => {});
});
