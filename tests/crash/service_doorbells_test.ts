import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { rounds } from "../support/randomness.ts";
import { Talks, withModel } from "../support/talks.ts";

const talks = new Talks(rounds(40, 400), 5);
const BELLS = rounds(2_000, 10_000);
const IN_ONE_COMMIT = 500;

Deno.test("thousands of duplicate doorbells, before a start and during it: every turn is answered once", async () => {
  await withModel("doorbells", async (service, model) => {
    const path = `${service.dataDir}/pixel.sqlite`;
    await talks.queue(service);
    await model.received(Math.floor(talks.turns * 0.2));
    await service.kill();
    const answered = model.requests.length;
    const kv = await Deno.openKv(path);
    try {
      await ring(kv, BELLS);
      assert.equal(waiting(path), BELLS);
      const restarted = service.restart();
      await ring(kv, BELLS / 10);
      await restarted;
    } finally {
      kv.close();
    }
    await talks.answered(service);
    while (waiting(path) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await talks.assertAnsweredOnce(service);
    await talks.assertBatches(service);
    // What was being asked when it was killed is asked again, and nothing else is.
    assert.ok(model.requests.length <= talks.turns + Math.min(answered, talks.count));
  });
});

async function ring(kv: Deno.Kv, count: number): Promise<void> {
  for (let rung = 0; rung < count; rung += IN_ONE_COMMIT) {
    const atomic = kv.atomic();
    for (let n = 0; n < IN_ONE_COMMIT; n++) {
      atomic.enqueue({ doorbell: "conversations" }, { keysIfUndelivered: [] });
    }
    await atomic.commit();
  }
}

/** Doorbells that were not delivered yet, as the database has it. */
function waiting(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const { count } = db.prepare(
      "select (select count(*) from queue) + (select count(*) from queue_running) as count",
    ).get() as { count: number };
    return count;
  } finally {
    db.close();
  }
}
