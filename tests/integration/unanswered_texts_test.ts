import assert from "node:assert/strict";
import { Figures } from "../../lib/analytics/figures/figures.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { FakeClock } from "../../lib/clock.ts";
import { cleanUpConversations } from "../../lib/conversations/archive.ts";
import { eraseTexts } from "../../lib/conversations/erase_texts.ts";
import { questionsOf } from "../../lib/conversations/transcript.ts";
import { echo, openDesk, turn } from "../support/conversations.ts";

const DAY_MS = 86_400_000;

Deno.test(
  "unanswered questions are read once, and are gone at once when they are erased or deleted",
  {
    sanitizeOps: true,
    sanitizeResources: true,
  },
  async () => {
    const clock = new FakeClock();
    const answer = (request: Parameters<typeof echo>[0]) => ({
      ...echo(request),
      source: "none" as const,
    });
    await using desk = await openDesk({ clock, answer });
    const { db, recorder } = desk;
    const stored = questionsOf(db.kv);
    let read = 0;
    const texts = {
      ...stored,
      question(id: string, number: number) {
        read++;
        return stored.question(id, number);
      },
    };
    const users = new UserMonths(db.kv);
    const figures = new Figures({ db, clock, users, unanswered: recorder.unanswered, texts });
    const asked = async () => (await figures.unanswered("shop", 10)).map((g) => g.question).sort();
    const ask = async (id: string, userMessage: string) => {
      const { taskId } = await desk.conversations.submit(turn({ conversationId: id, userMessage }));
      await desk.ended(taskId);
    };
    const cleanUp = (days: { archiveAfterDays: number; deleteAfterDays: number }) =>
      cleanUpConversations({
        db,
        clock,
        ledger: recorder,
        ...days,
        limit: 100,
        signal: new AbortController().signal,
        progress: () => {},
      });

    await ask("c1", "purple elephants");
    await ask("c2", "gift cards");
    clock.advance(2 * DAY_MS);
    await ask("c3", "parcel lost");
    assert.deepEqual(await asked(), ["gift cards", "parcel lost", "purple elephants"]);
    assert.equal(read, 3);
    assert.equal((await cleanUp({ archiveAfterDays: 1, deleteAfterDays: 0 })).archived, 2);
    assert.deepEqual(await asked(), ["gift cards", "parcel lost", "purple elephants"]);
    assert.equal(read, 3);

    await eraseTexts(db, "c1", "erased-1"); // archived
    assert.deepEqual(await asked(), ["gift cards", "parcel lost"]);
    await eraseTexts(db, "c3", "erased-2");
    assert.deepEqual(await asked(), ["gift cards"]);
    assert.equal((await cleanUp({ archiveAfterDays: 0, deleteAfterDays: 1 })).deleted, 2);
    assert.deepEqual(await asked(), []);
  },
);
