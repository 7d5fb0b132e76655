import assert from "node:assert/strict";
import fc from "fast-check";
import { requestOf, shopBot } from "../../tests/support/bots.ts";
import { answerKey } from "./answer_key.ts";
import { type AnswerCache, CachedResponder } from "./cached_responder.ts";
import { EmbeddedResponder } from "./embedded_responder.ts";
import { OpenAIResponder } from "./openai_responder.ts";
import {
  type CacheableResponder,
  type HistoryMessage,
  type Reply,
  ResponderError,
  type ResponderRequest,
  type SharingPolicy,
} from "./responder.ts";

/** A cache that keeps copies, without a single flight of its own. */
class MapCache implements AnswerCache {
  readonly entries = new Map<string, string>();
  async getOrSet<T>(
    key: string,
    fill: (c: { signal: AbortSignal; doNotStore(): void }) => Promise<T>,
  ): Promise<T> {
    const held = this.entries.get(key);
    if (held !== undefined) return JSON.parse(held);
    let store = true;
    const doNotStore = () => store = false;
    const value = await fill({ signal: new AbortController().signal, doNotStore });
    if (store) this.entries.set(key, JSON.stringify(value));
    return value;
  }
}

/** A responder that answers when the test says so, and tells whom it answered. */
class Asked implements CacheableResponder {
  readonly name = "asked";
  readonly variant: string = "v";
  readonly requests: ResponderRequest[] = [];
  answer: (request: ResponderRequest) => Promise<string> = (request) =>
    Promise.resolve(`to ${request.userId}: ${request.message}`);

  constructor(
    readonly defaultPolicy: SharingPolicy = "shared",
    readonly usesHistory = false,
    readonly model: string | null = null,
  ) {}

  keyText(message: string): string {
    return message.trim().toLowerCase();
  }

  async respond(request: ResponderRequest): Promise<Reply> {
    this.requests.push(request);
    const response = await this.answer(request);
    const rest = { intent: null, score: 0.5, latencyMs: 1_000, cached: false };
    return { response, source: "llm", ...rest };
  }
}

const bot = (cache?: SharingPolicy) => shopBot({ cache });
const history: HistoryMessage[] = [{ role: "user", content: "before", at: "2026-01-01T00:00:00Z" }];

Deno.test("what was answered once is not asked again", async () => {
  const asked = new Asked();
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const first = await responder.respond(requestOf(bot(), "Hello "));
  const again = await responder.respond(requestOf(bot(), "hello", { userId: "user-2" }));
  assert.equal(asked.requests.length, 1);
  assert.deepEqual([first.cached, again.cached], [false, true]);
  assert.equal(again.response, first.response);
  assert.ok(again.latencyMs < 1_000, "a hit tells its own latency");
});

Deno.test("what only stood in for the configured answer is given, but not kept", async () => {
  for (const stoodIn of [{ botVersion: 1 }, { fallback: "provider" as const }]) {
    const asked = new Asked();
    const respond = asked.respond.bind(asked);
    asked.respond = async (request) => ({ ...await respond(request), ...stoodIn });
    const responder = new CachedResponder(asked, { cache: new MapCache() });
    for (let i = 0; i < 2; i++) {
      assert.equal((await responder.respond(requestOf(bot(), "hi"))).cached, false);
    }
    assert.equal(asked.requests.length, 2);
  }
});

Deno.test("what an answer from the cache has spared is told", async () => {
  const asked = new Asked();
  const paid = Object.assign(Object.create(asked), {
    respond: async (request: ResponderRequest): Promise<Reply> => ({
      ...await asked.respond(request),
      tokens: { prompt: 30, completion: 12, total: 42, estimated: false },
      costMicros: 70,
    }),
  }) as CacheableResponder;
  const told: unknown[] = [];
  const cache = Object.assign(new MapCache(), {
    saved: (key: string, savings: unknown) => told.push([key.split(":")[0], savings]),
  });
  const responder = new CachedResponder(paid, { cache });
  assert.equal((await responder.respond(requestOf(bot(), "hello"))).costMicros, 70);
  assert.deepEqual(told, []);
  const again = await responder.respond(requestOf(bot(), "hello"));
  assert.equal(again.costMicros, undefined);
  assert.deepEqual(told, [["answer", { tokens: 42, costMicros: 70 }]]);
});

Deno.test("equal questions at the same moment are asked once", async () => {
  const asked = new Asked();
  const gate = Promise.withResolvers<string>();
  asked.answer = () => gate.promise;
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const all = Array.from({ length: 20 }, () => responder.respond(requestOf(bot(), "hello")));
  gate.resolve("once");
  const replies = await Promise.all(all);
  assert.equal(asked.requests.length, 1);
  assert.deepEqual(replies.map((r) => r.response), Array(20).fill("once"));
  assert.equal(replies.filter((r) => !r.cached).length, 1);
});

Deno.test("without sharing every request is asked, also at the same moment", async () => {
  for (const asked of [new Asked("off"), new Asked("shared")]) {
    const cache = new MapCache();
    const responder = new CachedResponder(asked, { cache });
    const off = bot(asked.defaultPolicy === "off" ? undefined : "off");
    const replies = await Promise.all(
      ["a", "b", "a"].map((userId) => responder.respond(requestOf(off, "hello", { userId }))),
    );
    assert.deepEqual(replies.map((r) => [r.response, r.cached]), [
      ["to a: hello", false],
      ["to b: hello", false],
      ["to a: hello", false],
    ]);
    assert.equal(cache.entries.size, 0);
  }
});

Deno.test("a user's answer stays with the user and the same history", async () => {
  const asked = new Asked();
  const gate = Promise.withResolvers<void>();
  asked.answer = async ({ userId, history }) => {
    await gate.promise;
    return `${userId} after ${history.length}`;
  };
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const ask = (userId: string, history: HistoryMessage[]) =>
    responder.respond(requestOf(bot("user"), "hello", { userId, history }));
  const all = [ask("a", []), ask("b", []), ask("a", history), ask("a", [])];
  gate.resolve();
  assert.deepEqual((await Promise.all(all)).map((r) => [r.response, r.cached]), [
    ["a after 0", false],
    ["b after 0", false],
    ["a after 1", false],
    ["a after 0", true],
  ]);
  assert.equal((await ask("b", [])).cached, true);
  assert.equal(asked.requests.length, 3);
});

Deno.test("whoever asked first may go, and the others still get their answer", async () => {
  const asked = new Asked();
  const gate = Promise.withResolvers<string>();
  asked.answer = () => gate.promise;
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const first = new AbortController();
  const gone = responder.respond(requestOf(bot(), "hello", { signal: first.signal }));
  const waiting = responder.respond(requestOf(bot(), "hello"));
  first.abort(new Error("gone"));
  await assert.rejects(gone, /gone/);
  assert.equal(asked.requests[0]!.signal.aborted, false);
  gate.resolve("there");
  const reply = await waiting;
  assert.equal(reply.response, "there");
  assert.equal(asked.requests.length, 1);
});

Deno.test("when nobody waits any more the work stops, and the next one starts afresh", async () => {
  const asked = new Asked();
  asked.answer = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const controllers = [new AbortController(), new AbortController()];
  const all = controllers.map(({ signal }) => responder.respond(requestOf(bot(), "x", { signal })));
  for (const controller of controllers) controller.abort(new Error("gone"));
  for (const each of all) await assert.rejects(each, /gone/);
  assert.equal(asked.requests[0]!.signal.aborted, true);
  asked.answer = () => Promise.resolve("fresh");
  assert.equal((await responder.respond(requestOf(bot(), "x"))).response, "fresh");
});

Deno.test("an error goes to all who wait, and is not kept", async () => {
  const asked = new Asked();
  const error = new ResponderError({ retryable: true, reason: "busy", statusCode: 503 });
  asked.answer = () => Promise.reject(error);
  const responder = new CachedResponder(asked, { cache: new MapCache() });
  const all = [1, 2].map(() => responder.respond(requestOf(bot(), "x")));
  for (const each of all) await assert.rejects(each, error);
  asked.answer = () => Promise.resolve("better");
  const reply = await responder.respond(requestOf(bot(), "x"));
  assert.deepEqual([reply.response, reply.cached], ["better", false]);
});

Deno.test("a cache that fails or holds rubbish costs the cache, not the answer", async () => {
  const failing: AnswerCache = { getOrSet: () => Promise.reject(new Error("cache is down")) };
  const rubbish: AnswerCache = { getOrSet: <T>() => Promise.resolve({ response: "" } as T) };
  for (const cache of [failing, rubbish]) {
    const asked = new Asked();
    const reply = await new CachedResponder(asked, { cache }).respond(requestOf(bot(), "x"));
    assert.deepEqual([reply.response, reply.cached], ["to user-1: x", false]);
    assert.equal(asked.requests.length, 1);
  }
});

Deno.test("everything a reply depends on is in its key, and nothing else", () => {
  const text = fc.constantFrom<string>("", "a", " A", '","');
  const turn = fc.record({
    botId: text,
    version: fc.nat(1),
    model: fc.option(text, { nil: undefined }),
    userId: text,
    conversationId: text,
    message: text,
    history: fc.array(
      fc.record({
        role: fc.constantFrom("user" as const, "assistant" as const),
        content: text,
        at: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
      }),
      { maxLength: 2 },
    ),
  });
  const responders = [
    new Asked("shared", false, null),
    new Asked("shared", true, "model-1"),
  ];
  fc.assert(fc.property(
    turn,
    turn,
    fc.constantFrom(...responders),
    fc.constantFrom("shared" as const, "user" as const),
    (a, b, responder, policy) => {
      const relevant = (t: typeof a) =>
        JSON.stringify([
          t.botId,
          t.version,
          responder.model && (t.model || responder.model),
          responder.keyText(t.message),
          policy === "user" ? t.userId : "",
          policy === "user" || responder.usesHistory
            ? t.history.map(({ role, content }) => [role, content])
            : "",
        ]);
      const key = (t: typeof a) => {
        const { botId, version, model, message, ...rest } = t;
        const request = requestOf(shopBot({ botId, version, model }), message, rest);
        return answerKey(request, responder, policy);
      };
      assert.equal(key(a) === key(b), relevant(a) === relevant(b));
      assert.match(key(a), /^answer:[0-9a-f]{64}$/);
      assert.equal(key(a), key({ ...a, conversationId: "another" }));
    },
  ));
});

Deno.test("another prompt, provider or parameter never meets an old reply", () => {
  const base = { baseUrl: "http://127.0.0.1:1/v1", model: "m" };
  using embedded = new EmbeddedResponder({ signals: false, trainingWaitMs: 600_000 });
  const responders = [
    embedded,
    new OpenAIResponder(base),
    new OpenAIResponder({ ...base, model: "n" }),
    new OpenAIResponder({ ...base, temperature: 1 }),
    new OpenAIResponder({ ...base, historyTokens: 1 }),
    new OpenAIResponder({ ...base, baseUrl: "http://127.0.0.1:2/v1" }),
  ];
  const keys = responders.map((r) => answerKey(requestOf(bot(), "hello"), r, "shared"));
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual(responders.map((r) => r.defaultPolicy).slice(0, 2), ["shared", "off"]);
});

Deno.test("messages with equal key text get equal embedded replies", async () => {
  using embedded = new EmbeddedResponder({ signals: false, trainingWaitMs: 600_000 });
  await fc.assert(fc.asyncProperty(
    fc.constantFrom("Where is your shop", "hello", "what does it cost", "opening"),
    fc.constantFrom("?", " !!", "  ", "…"),
    async (message, ending) => {
      const written = ` ${message.toUpperCase()}${ending}`;
      assert.equal(embedded.keyText(written), embedded.keyText(message));
      const [a, b] = await Promise.all(
        [message, written].map((text) => embedded.respond(requestOf(shopBot(), text))),
      );
      assert.deepEqual({ ...a, latencyMs: 0 }, { ...b, latencyMs: 0 });
    },
  ));
});
