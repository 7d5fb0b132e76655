import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { cleanUpConversations, deleteConversation } from "../../lib/conversations/archive.ts";
import type { ConversationRecord } from "../../lib/conversations/conversation.ts";
import { ERASED } from "../../lib/conversations/conversation.ts";
import { eraseTexts } from "../../lib/conversations/erase_texts.ts";
import { importConversations } from "../../lib/conversations/import.ts";
import { conversationKey } from "../../lib/conversations/keys.ts";
import type { ConversationLedger } from "../../lib/conversations/ledger.ts";
import { FakeClock } from "../../lib/clock.ts";
import { type Desk, openDesk } from "../support/conversations.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const at = "2025-03-03T10:00:00Z";
const DAY_MS = 86_400_000;

const lineOf = (id: string, text = `secret of ${id}`) =>
  JSON.stringify({
    conversation_id: id,
    user_id: `user of ${id}`,
    bot_id: "shop",
    status: "completed",
    messages: [{ role: "user", content: text, at }, { role: "assistant", content: "yes", at }],
  });

const send = (desk: Desk, lines: string[]) =>
  desk.conversations.importStream(new Blob([lines.join("\n")]).stream());

async function storedAt(desk: Desk, id: string): Promise<number> {
  return (await desk.db.kv.get<ConversationRecord>(conversationKey(id))).value!.storedAt;
}

/** Every stored value of a kind of key, as text. */
async function valuesOf(desk: Desk, ...prefix: string[]): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of desk.db.kv.list({ prefix })) values.push(Deno.inspect(value));
  return values;
}

const contents = async (desk: Desk, id: string) =>
  (await desk.conversations.get(id))?.messages.map(({ content }) => content);

Deno.test("conversations that share a record leave it one by one", options, async () => {
  const clock = new FakeClock();
  await using desk = await openDesk({ clock, start: false });
  const ids = Array.from({ length: 20 }, (_, n) => `c${n}`);
  await send(desk, ids.map((id) => lineOf(id)));
  const [shared, ...others] = await valuesOf(desk, "conv", "x");
  assert.ok(shared?.includes("secret of c3"));
  assert.equal(others.length, 0);

  assert.ok(await deleteConversation(desk.db, desk.recorder, "c3", await storedAt(desk, "c3")));
  await eraseTexts(desk.db, "c4", "nobody");
  const left = (await valuesOf(desk, "conv")).join();
  assert.ok(!left.includes("secret of c3") && !left.includes("secret of c4"));
  assert.deepEqual(await contents(desk, "c4"), [ERASED, ERASED]);
  for (const id of ids.filter((id) => id !== "c3" && id !== "c4")) {
    assert.deepEqual(await contents(desk, id), [`secret of ${id}`, "yes"]);
  }

  clock.advance(2 * DAY_MS);
  const { db, recorder: ledger } = desk;
  const rest = { deleteAfterDays: 0, limit: 100, progress: () => {} };
  const { signal } = new AbortController();
  const done = await cleanUpConversations({
    db,
    clock,
    ledger,
    archiveAfterDays: 1,
    signal,
    ...rest,
  });
  assert.equal(done.archived, 19);
  assert.deepEqual(await valuesOf(desk, "conv", "x"), []);
  assert.deepEqual(await contents(desk, "c7"), ["secret of c7", "yes"]);
  assert.deepEqual(await contents(desk, "c4"), [ERASED, ERASED]);
});

Deno.test(
  "a long conversation has few records of its own, which can be erased",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const words = Array.from({ length: 60_000 }, (_, n) => `word${n * 7919 % 9973}`).join(" ");
    await send(desk, [lineOf("long", words), lineOf("short")]);
    let records = 0;
    for await (const { key } of desk.db.kv.list({ prefix: ["conv"] })) {
      if (key.includes("long")) records++;
    }
    assert.ok(records <= 8, `${records} records`);
    assert.deepEqual(await contents(desk, "long"), [words, "yes"]);
    await eraseTexts(desk.db, "long", "nobody");
    assert.deepEqual(await contents(desk, "long"), [ERASED, ERASED]);
    assert.deepEqual(await contents(desk, "short"), ["secret of short", "yes"]);
    assert.ok(
      await deleteConversation(desk.db, desk.recorder, "long", await storedAt(desk, "long")),
    );
    assert.deepEqual(await valuesOf(desk, "conv", "m"), []);
  },
);

Deno.test("what is deleted while it is imported again stays deleted", options, async () => {
  await using desk = await openDesk({ start: false });
  await send(desk, [lineOf("c1")]);
  const { db, bots, recorder } = desk;
  let deleted = false;
  const ledger: ConversationLedger = Object.create(recorder, {
    imported: {
      async value(...args: Parameters<ConversationLedger["imported"]>) {
        // The first deletion ever comes between the look at the group and its commit.
        if (!deleted) {
          deleted = await deleteConversation(db, recorder, "c1", await storedAt(desk, "c1"));
        }
        await Object.getPrototypeOf(recorder).imported.apply(recorder, args);
      },
    },
  });
  async function* lines() {
    yield await Promise.resolve(lineOf("c1"));
    yield lineOf("c2");
  }
  const result = await importConversations({ db, clock: systemClock, bots, ledger }, lines());
  assert.deepEqual([deleted, result.imported, result.skipped], [true, 1, 1]);
  assert.equal(await desk.conversations.get("c1"), null);
});
