import assert from "node:assert/strict";
import fc from "fast-check";
import { requestOf, shopBot } from "../../tests/support/bots.ts";
import { CachedResponder } from "./cached_responder.ts";
import { HashedEmbedder } from "./embedded/hashed_embedder.ts";
import type { CacheableResponder, Reply, ResponderRequest, SharingPolicy } from "./responder.ts";
import { SimilarQuestions } from "./similar_questions.ts";

const { signal } = new AbortController();
const FIRST = "How can I return a broken lamp?";
const NEAR = "how can i return the broken lamp";
const similarQuestions = (limits = {}) =>
  new SimilarQuestions({ embedder: new HashedEmbedder(), threshold: 0.7, ...limits });

function parts(usesHistory = false, similar = similarQuestions()) {
  const entries = new Map<string, unknown>();
  const saved: string[] = [];
  let asked = 0;
  const inner: CacheableResponder = {
    name: "asked",
    model: null,
    variant: "v",
    defaultPolicy: "shared",
    usesHistory,
    keyText: (message) => message.toLowerCase(),
    respond({ message }): Promise<Reply> {
      const rest = { intent: null, score: 1, latencyMs: 1, cached: false };
      const source = message.startsWith("?") ? "none" : "llm";
      return Promise.resolve({ response: `answer ${++asked}`, source, ...rest });
    },
  };
  const cache = {
    async getOrSet<T>(
      key: string,
      fill: (c: { signal: AbortSignal; doNotStore(): void }) => Promise<T>,
    ): Promise<T> {
      if (!entries.has(key)) entries.set(key, await fill({ signal, doNotStore() {} }));
      return entries.get(key) as T;
    },
    get: (key: string) => Promise.resolve(entries.get(key)),
    has: (key: string) => Promise.resolve(entries.has(key)),
    saved: (key: string, { similar }: { similar?: boolean }) => {
      saved.push(similar ? key : `${key} (the same)`);
    },
  };
  const responder = new CachedResponder(inner, { cache, similar });
  return { responder, entries, saved, similar };
}

Deno.test("a near question gets the cached reply, marked and counted; another one does not", async () => {
  const { responder, saved, entries } = parts();
  const ask = (message: string) => responder.respond(requestOf(shopBot(), message));
  const first = await ask(FIRST);
  assert.deepEqual([first.cached, first.similarity], [false, undefined]);
  const near = await ask(NEAR);
  assert.deepEqual([near.response, near.cached], [first.response, true]);
  assert.ok(near.similarity! >= 0.7 && near.similarity! < 1);
  assert.deepEqual(saved, [...entries.keys()]);
  assert.equal((await ask("When do you open on Sundays?")).cached, false);
  // The same question again has a reply of its own.
  assert.deepEqual([(await ask(FIRST)).cached, (await ask(FIRST)).similarity], [true, undefined]);
  assert.match(saved.at(-1)!, /\(the same\)$/);
});

Deno.test("other numbers and negations make another question", async () => {
  const { responder } = parts();
  const ask = (message: string) => responder.respond(requestOf(shopBot(), message));
  await ask("Where is my order number 1234 now?");
  assert.equal((await ask("Where is my order number 1235 now?")).cached, false);
  for (const one of ["5", "-5", "2⁵", "25", "1.5", "5.1", "½", "3/4", "4/3"]) {
    const { cached } = await ask(`May I keep the parcel at ${one} degrees for a week?`);
    assert.equal(cached, false, one);
  }
  assert.equal((await ask("May I keep the parcel for a week, at 25 degrees?")).cached, true);
  await ask("Why can I use my card in Spain?");
  assert.equal((await ask("Why can't I use my card in Spain?")).cached, false);
});

Deno.test("a cleared reply and an abstention are not reused", async () => {
  const { responder, entries, similar } = parts();
  const ask = (message: string) => responder.respond(requestOf(shopBot(), message));
  await ask(FIRST);
  entries.clear();
  assert.equal((await ask(NEAR)).cached, false);
  assert.equal(similar.size, 1);
  await ask("?" + "unknown thing of mine");
  assert.equal(similar.size, 1);
});

Deno.test("a failing embedder costs the reuse, never the answer", async () => {
  const embedder = { embed: () => Promise.reject(new Error("down")) };
  const { responder } = parts(false, similarQuestions({ embedder }));
  for (const message of [FIRST, NEAR]) {
    assert.equal((await responder.respond(requestOf(shopBot(), message))).cached, false);
  }
});

Deno.test("no other bot, version, user or history gets a reply that does not belong to it", () => {
  const policy = fc.constantFrom<SharingPolicy>("shared", "user", "off");
  const asker = fc.record({
    botId: fc.constantFrom("a", "b"),
    version: fc.constantFrom(1, 2),
    userId: fc.constantFrom("ann", "bob"),
    before: fc.constantFrom("", "x", "y"),
  });
  return fc.assert(
    fc.asyncProperty(policy, fc.boolean(), asker, asker, async (cache, usesHistory, one, two) => {
      const { responder, similar } = parts(usesHistory);
      const request = ({ botId, version, userId, before }: typeof one, message: string) => {
        const history: ResponderRequest["history"] = before
          ? [{ role: "user", content: before, at: "2026-01-01T00:00:00Z" }]
          : [];
        return requestOf(shopBot({ botId, version, cache }), message, { userId, history });
      };
      await responder.respond(request(one, FIRST));
      const { cached, similarity } = await responder.respond(request(two, NEAR));
      const same = (...names: (keyof typeof one)[]) => names.every((n) => one[n] === two[n]);
      const may = cache !== "off" && same("botId", "version") &&
        (cache === "shared" || same("userId")) &&
        (cache === "shared" && !usesHistory || same("before"));
      assert.deepEqual([cached, similarity !== undefined], [may, may]);
      if (cache === "off") assert.equal(similar.size, 0);
    }),
  );
});

Deno.test("the index is bounded, in a scope and over all; the oldest go first", async () => {
  const similar = similarQuestions({ scopeLimit: 3, totalLimit: 5 });
  const add = (scope: string, i: number) => similar.add(scope, `${i}`, `question ${i}`, signal);
  for (let i = 0; i < 5; i++) await add("a", i);
  assert.equal(similar.size, 3);
  assert.equal(await similar.nearest("a", "question 1", signal), null);
  assert.equal((await similar.nearest("a", "question 4", signal))?.key, "4");
  for (let i = 0; i < 5; i++) await add("b", i);
  assert.equal(similar.size, 5);
  assert.equal(await similar.nearest("a", "question 2", signal), null);
  for (let i = 0; i < 9; i++) similar.remove("b", `${i}`);
  assert.equal(similar.size, 2);
});
