import assert from "node:assert/strict";
import fc from "fast-check";
import { requestOf, shopBot } from "../../tests/support/bots.ts";
import { type Script, startOpenAIServer } from "../../tests/support/openai_server.ts";
import { FakeClock } from "../clock.ts";
import { estimateTokens, recentHistory } from "./openai/prompt.ts";
import { toResponderError } from "./openai/provider_error.ts";
import { OpenAIResponder } from "./openai_responder.ts";
import { type HistoryMessage, ResponderError } from "./responder.ts";

const KEY = "sk-very-secret-0123456789";

function said(role: "user" | "assistant", content: string): HistoryMessage {
  return { role, content, at: "2026-01-01T00:00:00Z" };
}

/** The error of one call to a server that behaves as scripted. */
async function failureOf(
  script: Script,
  message = "my private question",
): Promise<ResponderError> {
  await using server = startOpenAIServer(() => script);
  const responder = new OpenAIResponder({ baseUrl: server.baseUrl, apiKey: KEY, model: "m-1" });
  try {
    await responder.respond(requestOf(shopBot(), message));
  } catch (error) {
    assert.ok(error instanceof ResponderError, String(error));
    assert.equal(server.requests.length, 1, "retries belong to the queue");
    const told = Deno.inspect(error, { depth: 10 });
    assert.ok(!told.includes(KEY) && !told.includes("private"), told);
    return error;
  }
  throw new assert.AssertionError({ message: "no error" });
}

Deno.test("a model answers with instructions, history and fitting entries before it", async () => {
  await using server = startOpenAIServer(() => ({ content: " Until 18. " }));
  const responder = new OpenAIResponder({ baseUrl: server.baseUrl, apiKey: KEY, model: "m-1" });
  const reply = await responder.respond(requestOf(
    shopBot({ instructions: "Be brief." }),
    "When are you open, what are the hours?",
    { history: [said("user", "hi"), said("assistant", "Hello!")] },
  ));
  assert.equal(reply.response, "Until 18.");
  assert.deepEqual([reply.source, reply.model, reply.cached], ["llm", "m-1", false]);
  assert.equal(reply.matched?.entry, "knowledge:0");
  assert.ok(reply.score > 0 && reply.score <= 1);
  assert.equal(reply.tokens?.estimated, false);
  assert.equal(reply.tokens?.total, reply.tokens!.prompt + reply.tokens!.completion);

  const [{ body, headers }] = server.requests as [typeof server.requests[0]];
  assert.equal(headers.get("authorization"), `Bearer ${KEY}`);
  assert.deepEqual(body.messages.map((m) => m.role), ["system", "user", "assistant", "user"]);
  assert.match(body.messages[0]!.content, /^Be brief\./);
  assert.match(body.messages[0]!.content, /\[knowledge:0\]\n.*opening hours.*\n.*9 to 18/);
  assert.doesNotMatch(body.messages[0]!.content, /Main Street/);
  assert.equal(body.messages[3]!.content, "When are you open, what are the hours?");
  assert.equal("max_tokens" in body || "temperature" in body, false);
});

Deno.test("a bot's own model is asked, and parameters are sent where set", async () => {
  await using server = startOpenAIServer();
  const responder = new OpenAIResponder({
    baseUrl: server.baseUrl,
    model: "m-1",
    maxOutputTokens: 50,
    temperature: 0,
  });
  const reply = await responder.respond(requestOf(shopBot({ model: "m-2" }), "hello"));
  assert.equal(reply.model, "m-2");
  const { body, headers } = server.requests[0]!;
  assert.deepEqual([body.model, body.max_tokens, body.temperature], ["m-2", 50, 0]);
  assert.equal(headers.get("authorization"), null);
});

Deno.test("questions that a model tells apart have no reply in common", () => {
  const { keyText } = OpenAIResponder.prototype;
  assert.notEqual(keyText("What is 2⁵?"), keyText("What is 25?"));
  assert.notEqual(keyText("½ cup"), keyText("1⁄2 cup"));
  assert.equal(keyText(" cafe\u0301  open? "), keyText("caf\u00e9 open?"));
});

Deno.test("usage that is not reported is estimated, and says so", async () => {
  const huge = { prompt_tokens: 1e15, completion_tokens: 1e15 };
  for (const usage of [null, {}, { prompt_tokens: 4 }, huge]) {
    await using server = startOpenAIServer(() => ({ usage, content: "fine ".repeat(20) }));
    const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m" });
    const { tokens } = await responder.respond(requestOf(shopBot(), "hello"));
    assert.equal(tokens?.estimated, true);
    assert.equal(tokens?.completion, estimateTokens("fine ".repeat(20).trim()));
    assert.ok(tokens!.prompt > 10);
  }
});

Deno.test("a long answer is cut between characters", async () => {
  for (const [content, kept] of [["🙂", 7_999], ["x🙂", 5_333]] as const) {
    await using server = startOpenAIServer(() => ({ content: content.repeat(10_000) }));
    const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m" });
    const { response } = await responder.respond(requestOf(shopBot(), "hello"));
    assert.ok(response.isWellFormed() && response.endsWith("🙂…"), response.slice(-4));
    assert.equal([...response].filter((c) => c === "🙂").length, kept);
  }
});

Deno.test("what may pass is worth a retry, with the provider's own pause", async () => {
  const limited = await failureOf({ status: 429, headers: { "retry-after": "7" } });
  assert.deepEqual([limited.retryable, limited.statusCode, limited.retryAfterMs], [
    true,
    429,
    7_000,
  ]);
  for (const status of [500, 502, 503, 529, 408]) {
    const error = await failureOf({ status });
    assert.deepEqual([error.retryable, error.permanent, error.statusCode], [true, false, status]);
    assert.equal(error.retryAfterMs, undefined);
  }
});

Deno.test("what cannot pass fails at once, and says why", async () => {
  const echo = { error: { message: `Incorrect API key provided: ${KEY}` } };
  for (const status of [401, 403]) {
    const error = await failureOf({ status, raw: echo });
    assert.deepEqual([error.permanent, error.statusCode], [true, status]);
    assert.match(error.reason, /AI_API_KEY/);
  }
  const bad = await failureOf({
    status: 400,
    raw: { error: { message: "max_tokens is too large" } },
  });
  assert.equal(bad.permanent, true);
  assert.match(bad.reason, /max_tokens is too large/);
  const unknown = await failureOf({ status: 404, raw: "nothing here" });
  assert.equal(unknown.permanent, true);
  assert.match(unknown.reason, /"m-1".*AI_BASE_URL/);
  const leaky = await failureOf({ status: 400, raw: { error: { message: `${KEY} is odd` } } });
  assert.match(leaky.reason, /\[secret\] is odd/);
  const asked = "My card number is 4929 1234 and it was stolen";
  for (const said of [asked, "'CARD number  is 4929 1…' is not allowed"]) {
    const repeating = await failureOf({ status: 400, raw: { error: { message: said } } }, asked);
    assert.doesNotMatch(repeating.reason, /4929/, "what people write is in no error");
  }
});

Deno.test("answers that cannot be read are worth a retry", async () => {
  for (const raw of ['{"choices": [{"mess', "<html>busy</html>", { choices: [] }, { odd: 1 }]) {
    const error = await failureOf({ raw });
    assert.equal(error.retryable, true, JSON.stringify(raw));
    assert.match(error.reason, /answer/);
  }
  assert.equal((await failureOf({ content: "" })).retryable, true);
  assert.equal(
    (await failureOf({ content: null, finishReason: "content_filter" })).permanent,
    true,
  );
});

Deno.test("an error in the middle of a stream is told as what it is", async () => {
  const raw = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n' +
    'data: {"error":{"message":"overloaded, key sk-abcdef123 waits","code":529}}\n\n';
  await using server = startOpenAIServer(() => ({ raw }));
  const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m" });
  const request = { ...requestOf(shopBot(), "hello"), onText() {} };
  await assert.rejects(responder.respond(request), (error: ResponderError) => {
    assert.match(error.reason, /broke its answer off with an error: overloaded, key \[secret\]/);
    return error.retryable;
  });
});

Deno.test("a provider that answers plainly where a stream was asked for is understood", async () => {
  const asked = async (script: Script) => {
    await using server = startOpenAIServer(() => script);
    const prices = { m: [{ from: 0, input: 1, output: 2 }] };
    const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m", prices });
    const deltas: string[] = [];
    const onText = (text: string) => void deltas.push(text);
    const reply = await responder.respond({ ...requestOf(shopBot(), "hello"), onText });
    assert.equal(server.requests[0]!.body.stream, true);
    return { ...reply, deltas };
  };
  const plain = {
    id: "1",
    object: "chat.completion",
    choices: [{
      index: 0,
      message: { role: "assistant", content: "Hi\nyou" },
      finish_reason: "stop",
    }],
    usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
  };
  const reply = await asked({ raw: plain });
  assert.deepEqual(reply.deltas, ["Hi\nyou"]);
  assert.equal(reply.response, "Hi\nyou");
  assert.deepEqual(reply.tokens, {
    prompt: 1_000,
    completion: 500,
    total: 1_500,
    estimated: false,
  });
  assert.equal(reply.costMicros, 2_000);
  const error = { error: { message: "overloaded", code: 529 } };
  await assert.rejects(asked({ raw: error }), { retryable: true, message: /overloaded/ });
  const kept = { message: { content: null }, finish_reason: "content_filter" };
  await assert.rejects(asked({ raw: { choices: [kept] } }), { retryable: false });
  const headers = { "content-type": "application/json" };
  for (const raw of [{ odd: 1 }, '{"choices":\n\n[{"mess', null, []]) {
    await assert.rejects(asked({ raw, headers }), { retryable: true }, JSON.stringify(raw));
  }
});

Deno.test("a provider that is not there is worth a retry", async () => {
  const server = startOpenAIServer();
  await server[Symbol.asyncDispose]();
  const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m" });
  await assert.rejects(
    responder.respond(requestOf(shopBot(), "hello")),
    (error: ResponderError) => error.retryable && /cannot be reached/.test(error.reason),
  );
});

Deno.test("a provider that hangs is left after the timeout", async () => {
  const clock = new FakeClock();
  const never = Promise.withResolvers<void>();
  await using server = startOpenAIServer(() => ({ until: never.promise }));
  const responder = new OpenAIResponder({
    baseUrl: server.baseUrl,
    model: "m",
    timeoutMs: 5_000,
    clock,
  });
  const pending = responder.respond(requestOf(shopBot(), "hello"));
  await server.received(1);
  clock.advance(5_000);
  await assert.rejects(
    pending,
    (error: ResponderError) => error.retryable && /within 5 s/.test(error.reason),
  );
});

Deno.test("an abort ends the call with its own reason, and the provider sees it", async () => {
  const never = Promise.withResolvers<void>();
  await using server = startOpenAIServer(() => ({ until: never.promise }));
  const responder = new OpenAIResponder({ baseUrl: server.baseUrl, model: "m" });
  const controller = new AbortController();
  const pending = responder.respond(
    requestOf(shopBot({ knowledge: [], intents: [] }), "hello", { signal: controller.signal }),
  );
  await server.received(1);
  const reason = new Error("the job was cancelled");
  controller.abort(reason);
  await assert.rejects(pending, reason);
  await server.requests[0]!.left;
});

Deno.test("history is bounded by tokens, the latest first to stay, and stays in order", () => {
  const message = fc.record({
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: fc.string({ maxLength: 80 }),
    at: fc.constant("2026-01-01T00:00:00Z"),
  });
  fc.assert(fc.property(fc.array(message), fc.nat(400), (history, budget) => {
    const kept = recentHistory(history, budget);
    const cost = (messages: HistoryMessage[]) =>
      messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
    assert.deepEqual(kept, kept.length === 0 ? [] : history.slice(-kept.length));
    assert.ok(cost(kept) <= budget);
    if (kept.length < history.length) {
      assert.ok(cost(history.slice(-kept.length - 1)) > budget);
    }
  }));
});

Deno.test("retry-after is read in seconds, milliseconds and as a date, and bounded", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const pause = (responseHeaders: Record<string, string>) =>
    toResponderError({ statusCode: 429, responseHeaders }, { model: "m", secrets: [], now })
      .retryAfterMs;
  assert.equal(pause({ "Retry-After": "1.5" }), 1_500);
  assert.equal(pause({ "retry-after-ms": "250", "retry-after": "9" }), 250);
  assert.equal(pause({ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }), 30_000);
  assert.equal(pause({ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }), 0);
  assert.equal(pause({ "retry-after": "99999999" }), 3_600_000);
  assert.equal(pause({ "retry-after": "soon" }), undefined);
  assert.equal(pause({}), undefined);
});
