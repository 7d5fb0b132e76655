import assert from "node:assert/strict";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { askedPrefix, refsPrefix } from "./keys.ts";
import { KnownQuestions } from "./known_questions.ts";
import { groupLikes, signatureOf, wordsOf } from "./likeness.ts";
import { MAX_QUESTIONS, UnansweredQuestions } from "./unanswered.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const AT = Date.parse("2026-03-04T10:00:00Z");

/** Questions asked of a bot, a conversation each, whose texts can be forgotten. */
async function open() {
  const db = await Database.open({ path: ":memory:" });
  let questions = new UnansweredQuestions(db);
  const texts = new Map<string, string>();
  const read: string[] = [];
  let takings = 0;
  return {
    db,
    /** Conversations whose question was read. */
    read,
    /** Takes texts away. */
    take(...ids: string[]) {
      for (const id of ids) texts.delete(id);
      takings++;
    },
    takeAll() {
      this.take(...texts.keys());
    },
    async ask(bot: number, text: string, at = AT) {
      const conversationId = `c${texts.size}`;
      texts.set(conversationId, text);
      const tx = new WriteSet();
      await questions.add(tx, bot, text, { conversationId, turn: 1, at });
      assert.equal(await db.commit(tx), true);
    },
    groups: (bot: number, limit = 10) =>
      questions.groups(bot, {
        takings: () => Promise.resolve(String(takings)),
        question(id) {
          read.push(id);
          return Promise.resolve(texts.get(id) ?? null);
        },
      }, limit),
    sweep: (now: number) => questions.sweep(now),
    restart: () => questions = new UnansweredQuestions(db),
    async count(prefix: Deno.KvKey) {
      return (await Array.fromAsync(db.kv.list({ prefix }))).length;
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
}

Deno.test("the same words in another order, case or form are the same question", () => {
  const of = (text: string) => signatureOf(wordsOf(text));
  assert.equal(of("How do I cancel my order?"), of("orders: CANCEL!"));
  assert.notEqual(of("cancel order"), of("cancel subscription"));
  assert.equal(of("¿Qué?"), of("que"));
  assert.deepEqual(wordsOf("what is it?"), ["i", "it", "what"]);
  assert.ok(wordsOf("word ".repeat(9_000)).length === 1);
});

Deno.test("questions that share half of their words form one group, around the most frequent", () => {
  const item = (text: string, count: number) => ({ text, count, words: wordsOf(text) });
  const groups = groupLikes([
    item("opening hours on sunday", 2),
    item("opening hours", 9),
    item("parcel lost", 4),
    item("my parcel got lost", 3),
    item("pigeons", 1),
  ]);
  assert.deepEqual(groups.map((group) => group.map(({ text }) => text)), [
    ["opening hours", "opening hours on sunday"],
    ["parcel lost", "my parcel got lost"],
    ["pigeons"],
  ]);
});

Deno.test(
  "what bots could not answer is counted, grouped and kept apart by bot",
  sanitize,
  async () => {
    await using world = await open();
    for (let i = 0; i < 3; i++) await world.ask(1, "Where is my parcel?", AT + i);
    await world.ask(1, "parcel where??", AT + 90_000);
    await world.ask(1, "Do you sell gift cards", AT + 5);
    await world.ask(2, "Do you sell gift cards");
    assert.deepEqual(await world.groups(1), [
      { question: "parcel where??", count: 4, variants: [], lastAskedAt: AT + 90_000 },
      { question: "Do you sell gift cards", count: 1, variants: [], lastAskedAt: AT + 5 },
    ]);
    assert.deepEqual((await world.groups(2)).map(({ count }) => count), [1]);
    assert.equal((await world.groups(1, 1)).length, 1);
    // Texts live in conversations only: a question goes with the last of its kept places.
    world.take("c3");
    assert.equal((await world.groups(1))[0]!.question, "Where is my parcel?");
    world.takeAll();
    assert.deepEqual(await world.groups(1), []);
  },
);

Deno.test("what was read is not read again, until any text is taken away", sanitize, async () => {
  await using world = await open();
  for (let i = 0; i < 30; i++) await world.ask(1, `question${i} of its own`, AT + i);
  const first = await world.groups(1);
  assert.equal(world.read.length, 30);
  assert.deepEqual(await world.groups(1), first);
  assert.equal(world.read.length, 30);
  await world.ask(1, "another one", AT + 99);
  assert.equal((await world.groups(1))[0]!.question, "another one");
  assert.equal(world.read.length, 31);
  world.take("c30");
  assert.notEqual((await world.groups(1))[0]!.question, "another one");
  assert.equal(world.read.length, 62);
  await world.groups(1); // what is gone is not looked for again either
  assert.equal(world.read.length, 62);
});

Deno.test("a view that began before a text was taken away leaves it to no later one", async () => {
  const known = new KnownQuestions();
  let takings = "1";
  let text: string | null = "my name is Ada";
  const texts = {
    takings: () => Promise.resolve(takings),
    question: () => Promise.resolve(text),
  };
  const place = { conversationId: "c", turn: 1, at: AT };
  const early = await known.reader(texts);
  const before = early(place);
  takings = "2";
  text = null;
  const late = await known.reader(texts);
  assert.equal((await before)?.text, "my name is Ada");
  assert.equal(await late(place), null);
  assert.equal(await (await known.reader(texts))(place), null);
});

Deno.test(
  "a bot keeps a bounded number of questions, and a sweep makes room",
  sanitize,
  async () => {
    await using world = await open();
    const word = (i: number) => `word${String.fromCharCode(97 + i % 26)}${i}x`;
    for (let i = 0; i < MAX_QUESTIONS + 20; i++) await world.ask(7, word(i), AT + i);
    await world.ask(7, word(0));
    assert.equal(await world.count(askedPrefix(7)), MAX_QUESTIONS);
    world.restart();
    await world.ask(7, "one more after a restart");
    assert.equal(await world.count(askedPrefix(7)), MAX_QUESTIONS);
    assert.equal(await world.sweep(AT + 1_000), MAX_QUESTIONS / 2);
    assert.equal((await world.groups(7))[0]!.question, word(0));
    await world.ask(7, "one more after the sweep");
    assert.equal(await world.count(askedPrefix(7)), MAX_QUESTIONS / 2 + 1);
    assert.equal(await world.sweep(AT + 401 * 86_400_000), MAX_QUESTIONS / 2 + 1);
    assert.equal(await world.count(askedPrefix(7)) + await world.count(refsPrefix(7)), 0);
  },
);
