import assert from "node:assert/strict";
import type { ResponderRequest } from "../../lib/ai/responder.ts";
import { FakeClock } from "../../lib/clock.ts";
import { cleanUpConversations } from "../../lib/conversations/archive.ts";
import { conversationKey, pendingPrefix } from "../../lib/conversations/keys.ts";
import { sweepPending } from "../../lib/conversations/sweep.ts";
import { allJobsPrefix } from "../../lib/jobs/keys.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { type Desk, echo, openDesk, turn } from "../support/conversations.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const DAY_MS = 86_400_000;

function cleanUp(desk: Desk, clock: FakeClock, days: { archive?: number; delete?: number }) {
  return cleanUpConversations({
    db: desk.db,
    clock,
    ledger: desk.recorder,
    archiveAfterDays: days.archive ?? 0,
    deleteAfterDays: days.delete ?? 0,
    limit: 100,
    signal: new AbortController().signal,
    progress: () => {},
  });
}

async function keysOf(desk: Desk, id: string): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { key } of desk.db.kv.list({ prefix: ["conv"] })) {
    if (key.includes(id)) kinds.push(String(key[1]));
  }
  return kinds.sort();
}

function importLines(desk: Desk, ids: string[]) {
  const at = "2025-03-03T10:00:00Z";
  const lines = ids.map((conversation_id) =>
    JSON.stringify({
      conversation_id,
      user_id: "ada",
      bot_id: "shop",
      status: "completed",
      messages: [{ role: "user", content: "from elsewhere", at }],
    })
  );
  return desk.conversations.importStream(new Blob([lines.join("\n")]).stream());
}

Deno.test(
  "an archived conversation reads as before, goes on, and is archived again",
  options,
  async () => {
    const clock = new FakeClock();
    await using desk = await openDesk({ clock });
    await importLines(desk, ["c1"]);
    const first = await desk.conversations.submit(turn({ userMessage: "one 💬" }));
    await desk.ended(first.taskId);
    const before = (await desk.conversations.get("c1"))!;
    const status = await desk.conversations.status("c1");
    clock.advance(10 * DAY_MS);
    assert.deepEqual(await cleanUp(desk, clock, { archive: 11 }), {
      archived: 0,
      deleted: 0,
      more: false,
    });
    assert.equal((await cleanUp(desk, clock, { archive: 9 })).archived, 1);
    assert.deepEqual(await keysOf(desk, "c1"), ["a", "c", "s"]);
    const after = (await desk.conversations.get("c1"))!;
    assert.deepEqual(after.messages, before.messages);
    assert.deepEqual(await desk.conversations.status("c1"), status);
    assert.equal((await cleanUp(desk, clock, { archive: 9 })).archived, 0, "once is enough");

    const second = await desk.conversations.submit(turn({ userMessage: "two" }));
    await desk.ended(second.taskId);
    const goneOn = (await desk.conversations.get("c1"))!.messages;
    assert.deepEqual(goneOn.map((m) => m.content), [
      "from elsewhere",
      "one 💬",
      "re: one 💬",
      "two",
      "re: two",
    ]);
    assert.equal((await cleanUp(desk, clock, { archive: 9 })).archived, 1);
    assert.deepEqual((await desk.conversations.get("c1"))!.messages, goneOn);
  },
);

Deno.test("a conversation with an open turn is neither archived nor deleted", options, async () => {
  const clock = new FakeClock();
  await using desk = await openDesk({ clock, start: false });
  const { taskId } = await desk.conversations.submit(turn());
  clock.advance(100 * DAY_MS);
  assert.deepEqual(await cleanUp(desk, clock, { archive: 1, delete: 1 }), {
    archived: 0,
    deleted: 0,
    more: false,
  });
  assert.equal((await desk.conversations.status("c1"))!.taskId, taskId);
});

Deno.test("what the archive passed by is archived once it can be", options, async () => {
  const clock = new FakeClock();
  const held = Promise.withResolvers<void>();
  const answer = async (request: ResponderRequest) => (await held.promise, echo(request));
  await using desk = await openDesk({ clock, answer });
  const { taskId } = await desk.conversations.submit(turn({ conversationId: "open" }));
  await importLines(desk, ["important"]);
  await desk.conversations.setImportance("important", "high");
  clock.advance(1_000);
  await importLines(desk, ["done"]);
  clock.advance(2 * DAY_MS);
  assert.equal((await cleanUp(desk, clock, { archive: 1 })).archived, 1);
  assert.deepEqual(await keysOf(desk, "done"), ["a", "c", "s"]);

  held.resolve();
  await desk.ended(taskId);
  await desk.conversations.setImportance("important", "low");
  assert.equal((await cleanUp(desk, clock, { archive: 1 })).archived, 2);
  for (const id of ["open", "important"]) {
    assert.deepEqual(await keysOf(desk, id), ["a", "c", "s"]);
  }
  await importLines(desk, ["late"]);
  clock.advance(2 * DAY_MS);
  assert.equal((await cleanUp(desk, clock, { archive: 1 })).archived, 1, "goes on from there");
});

Deno.test(
  "a deleted conversation leaves a hash, and importing it again skips it",
  options,
  async () => {
    const clock = new FakeClock();
    await using desk = await openDesk({ clock });
    await importLines(desk, ["old-1", "old-2"]);
    const { taskId } = await desk.conversations.submit(turn({ conversationId: "live-1" }));
    await desk.ended(taskId);
    clock.advance(5 * DAY_MS);
    await importLines(desk, ["young"]);
    assert.equal((await cleanUp(desk, clock, { delete: 4 })).deleted, 3);
    for (const id of ["old-1", "old-2", "live-1"]) {
      assert.deepEqual(await keysOf(desk, id), []);
      assert.equal(await desk.conversations.get(id), null);
      assert.equal(await desk.conversations.status(id), null);
    }
    const again = await importLines(desk, ["old-1", "old-2", "live-1", "young", "new"]);
    assert.deepEqual([again.imported, again.skipped], [1, 4]);
  },
);

Deno.test("clean-ups of many conversations say that there is more", options, async () => {
  const clock = new FakeClock();
  await using desk = await openDesk({ clock, start: false });
  await importLines(desk, Array.from({ length: 130 }, (_, i) => `i${i}`));
  clock.advance(2 * DAY_MS);
  assert.deepEqual(await cleanUp(desk, clock, { archive: 1 }), {
    archived: 100,
    deleted: 0,
    more: true,
  });
  assert.deepEqual(await cleanUp(desk, clock, { archive: 1 }), {
    archived: 30,
    deleted: 0,
    more: false,
  });
  assert.equal((await desk.conversations.get("i129"))!.messages[0]!.content, "from elsewhere");
});

Deno.test(
  "a turn whose task is lost is found, queued again and answered in its order",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/kv.sqlite`;
    const clock = new FakeClock();
    try {
      {
        await using desk = await openDesk({ path, clock, start: false });
        for (const userMessage of ["m0", "m1", "m2"]) {
          await desk.conversations.submit(turn({ userMessage }));
        }
        const tx = new WriteSet();
        for await (const { key } of desk.db.kv.list({ prefix: allJobsPrefix })) tx.delete(key);
        assert.ok(tx.mutations.length >= 3);
        await desk.db.commit(tx);
        assert.equal(await sweepPending(desk.conversations.deps), 0, "too young to be lost");
        clock.advance(11_000);
        assert.equal(await sweepPending(desk.conversations.deps), 3);
        assert.equal(await sweepPending(desk.conversations.deps), 0);
      }
      await using desk = await openDesk({ path, clock });
      await desk.ended((await desk.conversations.status("c1"))!.taskId!);
      assert.deepEqual(desk.asked, ["m0", "m1", "m2"]);
      assert.equal((await desk.conversations.metrics()).breakdown.completed, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a mark of a turn that was answered or deleted is cleared", options, async () => {
  const clock = new FakeClock();
  await using desk = await openDesk({ clock });
  await desk.db.commit(new WriteSet().set([...pendingPrefix, clock.now(), "nobody", 1], "no-task"));
  clock.advance(11_000);
  assert.equal(await sweepPending(desk.conversations.deps), 0);
  for await (const entry of desk.db.kv.list({ prefix: pendingPrefix })) {
    assert.fail(`${entry.key} is left`);
  }
  assert.equal((await desk.db.kv.get(conversationKey("nobody"))).value, null);
});
