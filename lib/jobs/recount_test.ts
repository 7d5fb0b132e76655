import assert from "node:assert/strict";
import { z } from "zod";
import { WriteSet } from "../kv/write_set.ts";
import { defineJob, JobError } from "./definition.ts";
import { depthKey, timerKey, uniqueKey } from "./keys.ts";
import { recount } from "./recount.ts";
import { openTestEngine } from "./testing.ts";

const payload = z.object({ n: z.number() });

Deno.test("a recount agrees with what the engine keeps, and names what was tampered with", async () => {
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload,
    maxAttempts: 1,
    perform({ payload }) {
      if (payload.n === 3) throw new JobError("no", { permanent: true });
    },
  });
  await using t = await openTestEngine({ definitions: [job] });
  const later = Date.now() + 3_600_000;
  for (let n = 0; n < 5; n++) {
    await t.engine.enqueue(job, { n }, { priority: n, uniqueKey: `u${n}` });
  }
  await t.engine.enqueue(job, { n: 9 }, { runAt: later, uniqueKey: "waits" });
  await t.drained();
  const report = await recount(t.db.kv);
  assert.deepEqual(report, {
    jobs: 6,
    byState: { completed: 4, failed: 1, scheduled: 1 },
    differences: [],
    differencesFound: 0,
  });
  const address = { queue: "default", shard: 0, priority: 5, suffix: "none" };
  await t.db.commit(
    new WriteSet().sum(depthKey("default", "completed", 0), 2).delete(uniqueKey("default", "waits"))
      .set(timerKey(1, address), 1),
  );
  const { differences } = await recount(t.db.kv);
  assert.deepEqual(differences.map(({ key }) => key).sort(), [
    "jobs/n/default/completed/0",
    "jobs/t/default/0/1/5/none",
    "jobs/unique/default/waits",
  ]);
  assert.deepEqual(differences.find(({ key }) => key.startsWith("jobs/n/")), {
    key: "jobs/n/default/completed/0",
    stored: 3,
    counted: 1,
  });
});
