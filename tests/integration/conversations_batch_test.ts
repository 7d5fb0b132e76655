import assert from "node:assert/strict";
import { ResponderError } from "../../lib/ai/responder.ts";
import { AppError } from "../../lib/errors.ts";
import { sweepBatches } from "../../lib/conversations/batch.ts";
import type { NewTurn } from "../../lib/conversations/submit.ts";
import type { Database } from "../../lib/kv/database.ts";
import { echo, openDesk, turn } from "../support/conversations.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const codeOf = (error: unknown) => (error as AppError).code;

function turns(count: number): NewTurn[] {
  return Array.from(
    { length: count },
    (_, i) => turn({ conversationId: `c${i % Math.ceil(count / 2)}`, userMessage: `m${i}` }),
  );
}

/** Lets `count` commits through and fails all later ones, as a process does that is killed. */
function dieAfter(db: Database, count: number): void {
  const commit = db.commit.bind(db);
  db.commit = (write) => count-- > 0 ? commit(write) : Promise.reject(new Error("killed"));
}

Deno.test(
  "a batch that a crash cut short goes on where it stopped when it is sent again",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/kv.sqlite`;
    const items = turns(60);
    try {
      {
        await using desk = await openDesk({ path, start: false });
        dieAfter(desk.db, 21);
        await assert.rejects(desk.conversations.submitBatch("b1", items), /killed/);
        const half = (await desk.conversations.batchStatus("b1"))!;
        assert.deepEqual([half.total, half.pending, half.status], [60, 60, "processing"]);
      }
      await using desk = await openDesk({ path });
      const { taskIds, queued } = await desk.conversations.submitBatch("b1", items);
      assert.equal(queued, 60);
      assert.equal(new Set(taskIds).size, 60);
      await desk.ended(...taskIds);
      const again = await desk.conversations.submitBatch("b1", items);
      assert.deepEqual(again.taskIds, taskIds);
      assert.deepEqual(desk.asked.toSorted(), items.map((t) => t.userMessage).toSorted());
      const done = (await desk.conversations.batchStatus("b1"))!;
      assert.deepEqual([done.completed, done.failed, done.pending, done.status], [
        60,
        0,
        0,
        "completed",
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("the same batch sent several times at once is queued once", options, async () => {
  await using desk = await openDesk();
  const items = turns(40);
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => desk.conversations.submitBatch("b1", items)),
  );
  for (const { taskIds } of answers) assert.deepEqual(taskIds, answers[0]!.taskIds);
  await desk.ended(...answers[0]!.taskIds);
  assert.equal(desk.asked.length, 40);
});

Deno.test("another content under a batch's id conflicts and queues nothing", options, async () => {
  await using desk = await openDesk({ start: false });
  await desk.conversations.submitBatch("b1", turns(4));
  await assert.rejects(
    desk.conversations.submitBatch("b1", turns(5)),
    (e) => codeOf(e) === "conflict",
  );
  assert.equal(await desk.conversations.get("c2"), null);
  assert.equal(await desk.conversations.batchStatus("b2"), null);
});

Deno.test("a batch with one item that cannot be queued queues nothing", options, async () => {
  await using desk = await openDesk({ start: false });
  await desk.conversations.submit(turn({ conversationId: "c3", userId: "bob" }));
  const parties = [turn({ conversationId: "c1" }), turn({ conversationId: "c3" })];
  await assert.rejects(
    desk.conversations.submitBatch("b1", parties),
    (e) => codeOf(e) === "conflict" && /conversations\.1/.test((e as Error).message),
  );
  const inside = [turn({ conversationId: "c4" }), turn({ conversationId: "c4", userId: "bob" })];
  await assert.rejects(
    desk.conversations.submitBatch("b2", inside),
    (e) => codeOf(e) === "conflict",
  );
  assert.equal((await desk.conversations.metrics()).total, 1);
  for (const id of ["b1", "b2"]) {
    assert.equal(await desk.conversations.batchStatus(id), null);
  }
});

Deno.test(
  "a batch that may fit later is overload, one that never can is wrong",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const of = (count: number) =>
      Array.from({ length: count }, (_, i) => turn({ conversationId: "c1", userMessage: `m${i}` }));
    const other = turn({ conversationId: "c2" });
    await assert.rejects(
      desk.conversations.submitBatch("b1", [other, ...of(101), ...of(2)]),
      (e) =>
        codeOf(e) === "invalid" &&
        (e as AppError).issues[0]?.path === "conversations.101.conversation_id",
    );
    assert.equal(await desk.conversations.batchStatus("b1"), null);
    assert.equal((await desk.conversations.metrics()).total, 0);
    await desk.conversations.submit(other);
    await desk.conversations.submit(turn({ conversationId: "c1" }));
    await assert.rejects(
      desk.conversations.submitBatch("b1", of(100)),
      (e) => codeOf(e) === "overloaded" && (e as AppError).retryAfterSeconds! > 0,
    );
    assert.equal(await desk.conversations.batchStatus("b1"), null);
    assert.equal((await desk.conversations.submitBatch("b1", of(99))).queued, 99);
  },
);

Deno.test("a batch's count follows failures and their retries", options, async () => {
  let broken = true;
  await using desk = await openDesk({
    answer(request) {
      if (broken && request.message !== "m0") {
        throw new ResponderError({ retryable: false, reason: "gone" });
      }
      return echo(request);
    },
  });
  const items = [0, 1, 2].map((n) => turn({ conversationId: `c${n}`, userMessage: `m${n}` }));
  const { taskIds } = await desk.conversations.submitBatch("b1", items);
  await desk.ended(...taskIds);
  const mixed = (await desk.conversations.batchStatus("b1"))!;
  assert.deepEqual([mixed.status, mixed.completed, mixed.failed], ["completed_with_errors", 1, 2]);
  broken = false;
  await desk.engine.retry(taskIds[1]!);
  await desk.ended(taskIds[1]!);
  const better = (await desk.conversations.batchStatus("b1"))!;
  assert.deepEqual([better.completed, better.failed, better.pending], [2, 1, 0]);
});

Deno.test("a batch is forgotten when it is old and nothing of it is pending", options, async () => {
  await using desk = await openDesk({ start: false });
  const { db } = desk;
  const kept = async () =>
    (await Array.fromAsync(db.kv.list({ prefix: ["conv"] })))
      .filter(({ key }) => ["b", "bi", "bn"].includes(String(key[1]))).length;
  const { taskIds } = await desk.conversations.submitBatch("b1", turns(6));
  assert.equal(await sweepBatches(db, Infinity), 0);
  await desk.engine.start();
  await desk.ended(...taskIds);
  assert.equal(await sweepBatches(db, 0), 0);
  assert.ok(await kept() >= 8);
  assert.equal(await sweepBatches(db, Infinity), 1);
  assert.equal(await kept(), 0);
  assert.equal(await desk.conversations.batchStatus("b1"), null);
  assert.equal((await desk.conversations.status("c0"))?.status, "completed");
});

Deno.test("a thousand old batches that never end hide none behind them", options, async () => {
  await using desk = await openDesk();
  const { db } = desk;
  for (let n = 0; n < 1_050; n++) {
    await db.kv.set(["conv", "b", `!${n}`], { createdAt: 0, total: 1, hash: "" });
  }
  const { taskIds } = await desk.conversations.submitBatch("b1", turns(2));
  await desk.ended(...taskIds);
  const first = await sweepBatches(db, Infinity);
  assert.equal(first + await sweepBatches(db, Infinity), 1);
  assert.equal(await desk.conversations.batchStatus("b1"), null);
});
