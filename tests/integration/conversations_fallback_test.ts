import assert from "node:assert/strict";
import { MAX_AI_SECONDS } from "../../lib/config/variables.ts";
import { turnJob } from "../../lib/conversations/turn_job.ts";
import { type OpenAIServer, type Script, startOpenAIServer } from "../support/openai_server.ts";
import { startInVain, TestService } from "../support/service.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const KEYS = ["sk-first-provider-key", "sk-second-provider-key"];

interface Said {
  result?: {
    response: string;
    model: string;
    fallback?: string;
    cost_micros?: number;
    source: string;
  };
}

function say(service: TestService, id: string, message: string) {
  const body = { conversation_id: id, user_message: message, bot_id: "shop", user_id: "ada" };
  const prefer = { prefer: "wait=25" };
  return service.request<Said>("POST", "/conversations/queue", body, prefer);
}

function chainOf(first: OpenAIServer, second: OpenAIServer): Record<string, string> {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  return {
    AI_BASE_URL: first.baseUrl,
    AI_API_KEY: KEYS[0]!,
    AI_MODEL: "m-1",
    AI_PRICES: JSON.stringify({ "m-1": { input: 1, output: 1 } }),
    AI_FALLBACKS: JSON.stringify([{
      baseUrl: second.baseUrl,
      apiKey: KEYS[1],
      model: "m-2",
      prices: {
        "m-2": [
          { input: 900, output: 900 },
          { from: yesterday, input: 2, output: 10 },
          { from: tomorrow, input: 7, output: 7 },
        ],
      },
    }]),
    LOG_LEVEL: "debug",
  };
}

Deno.test("the longest wait for models leaves an attempt at a turn time to end", () => {
  assert.ok(MAX_AI_SECONDS * 1_000 + 5_000 <= turnJob.timeoutMs);
});

Deno.test(
  "where a provider fails the next one answers, at its own price of the day, with its own key",
  options,
  async () => {
    let broken = true;
    const usage = { prompt_tokens: 100, completion_tokens: 4, total_tokens: 104 };
    await using first = startOpenAIServer(() =>
      broken ? { status: 500 } : { content: "first", usage }
    );
    await using second = startOpenAIServer(() => ({ content: "second", usage }));
    await using service = await TestService.start({ env: chainOf(first, second) });
    const count = 9;
    for (let i = 0; i < count; i++) {
      const { result } = (await say(service, `c${i}`, `question ${i}`)).body;
      assert.deepEqual(
        [result?.response, result?.model, result?.fallback, result?.cost_micros],
        ["second", "m-2", "provider", 100 * 2 + 4 * 10],
      );
    }
    assert.ok(first.requests.length < count, `its breaker opened: ${first.requests.length} calls`);
    assert.equal(first.requests[0]!.headers.get("authorization"), `Bearer ${KEYS[0]}`);
    assert.equal(second.requests[0]!.headers.get("authorization"), `Bearer ${KEYS[1]}`);
    // A report is shared for a moment: one from before may still be shown.
    for (;;) {
      const { body } = await service.request<
        { health_report: { status: string; checks: { name: string; detail: string }[] } }
      >("GET", "/health");
      const { status, checks } = body.health_report;
      if (!/m-1/.test(checks.find(({ name }) => name === "ai_provider")!.detail)) continue;
      assert.equal(status, "degraded", "a stand-in is not unnoticed");
      break;
    }
    broken = false;
    for (let i = 0;; i++) {
      const { result } = (await say(service, `back${i}`, `again ${i}`)).body;
      if (result?.model === "m-1") {
        assert.deepEqual([result.fallback, result.cost_micros], [undefined, 104]);
        break;
      }
    }
    const logs = service.logs.join("\n");
    for (const key of KEYS) assert.ok(!logs.includes(key), "keys show in no log");
  },
);

Deno.test(
  "a stream that breaks off is begun anew with the next provider's words",
  options,
  async () => {
    const listening = Promise.withResolvers<void>();
    const script: Script = { content: "One two three", until: listening.promise, breakAfter: 2 };
    await using first = startOpenAIServer(() => script);
    await using second = startOpenAIServer(() => ({ content: "Four five" }));
    await using service = await TestService.start({ env: chainOf(first, second) });
    const body = { conversation_id: "c1", user_message: "hi", bot_id: "shop", user_id: "ada" };
    await service.request("POST", "/conversations/queue", body);
    await first.received(1);
    const response = await fetch(`${service.url}/api/performance/conversations/c1/stream`, {
      headers: { authorization: `Bearer ${service.token}` },
    });
    listening.resolve();
    const text = await response.text();
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
    const names = events.map(([, name]) => name);
    const restart = names.indexOf("restart");
    assert.ok(restart >= 0, text);
    const words = events.slice(restart).filter(([, name]) => name === "text")
      .map(([, , data]) => JSON.parse(data!).text).join("");
    assert.equal(words, "Four five");
    assert.equal(names.at(-1), "result");
    assert.equal(JSON.parse(events.at(-1)![2]!).result.response, "Four five");
  },
);

Deno.test(
  "a chain that cannot be used stops the start without showing a key",
  options,
  async () => {
    for (
      const env of [
        { AI_FALLBACKS: `[{"baseUrl":"http://127.0.0.1:1/v1","model":"m","apiKey":"${KEYS[0]}"}]` },
        { AI_FALLBACKS: `[{"model":"m","apiKey":"${KEYS[0]}"}]` },
      ]
    ) {
      const dataDir = await Deno.makeTempDir();
      try {
        const { code, said } = await startInVain({ DATA_DIR: dataDir, ...env });
        assert.notEqual(code, 0);
        assert.match(said, /AI_FALLBACKS/);
        assert.ok(!said.includes(KEYS[0]!));
      } finally {
        await Deno.remove(dataDir, { recursive: true });
      }
    }
  },
);
