import assert from "node:assert/strict";
import { startOpenAIServer } from "../support/openai_server.ts";
import { type Answer, TestService } from "../support/service.ts";

const options = { sanitizeOps: true, sanitizeResources: true };

interface Status {
  conversation_status: {
    status: string;
    result?: {
      response: string;
      source: string;
      cost_micros?: number;
      fallback?: string;
      cached?: boolean;
      similarity?: number;
    };
  };
}

function say(service: TestService, id: string, message: string, bot = "shop") {
  const body = { conversation_id: id, user_message: message, bot_id: bot, user_id: "ada" };
  return service.request<{ task_id: string; result?: Status["conversation_status"]["result"] }>(
    "POST",
    "/conversations/queue",
    body,
    { prefer: "wait=20" },
  );
}

interface SentEvent {
  name: string;
  data: { text?: string; status?: string; result?: { response: string } };
}

/** All events of a stream. `read` is told what has come so far, at first once nothing would be missed. */
async function eventsOf(
  service: TestService,
  id: string,
  read = (_text: string) => {},
): Promise<SentEvent[]> {
  const response = await fetch(`${service.url}/api/performance/conversations/${id}/stream`, {
    headers: { authorization: `Bearer ${service.token}` },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  read(text);
  for await (const more of response.body!.pipeThrough(new TextDecoderStream())) read(text += more);
  return text.split("\n\n").filter((block) => block.startsWith("event:")).map((block) => {
    const [name, data] = block.split("\n").map((line) => line.slice(line.indexOf(":") + 2));
    return { name: name!, data: JSON.parse(data!) };
  });
}

const environment = (baseUrl: string) => ({
  AI_BASE_URL: baseUrl,
  AI_MODEL: "m-1",
  AI_PRICES: JSON.stringify({ "m-1": { input: 2, output: 10 } }),
});

Deno.test(
  "a reply streams while it is written, and its cost is the price of its tokens",
  options,
  async () => {
    const listening = Promise.withResolvers<void>();
    const halfRead = Promise.withResolvers<void>();
    await using provider = startOpenAIServer(() => ({
      content: "One two three four",
      usage: { prompt_tokens: 100, completion_tokens: 4, total_tokens: 104 },
      until: listening.promise,
      hold: { after: 2, until: halfRead.promise },
    }));
    await using service = await TestService.start({ env: environment(provider.baseUrl) });
    const body = { conversation_id: "c1", user_message: "count", bot_id: "shop", user_id: "ada" };
    await service.request("POST", "/conversations/queue", body);
    await provider.received(1);
    const all = await eventsOf(service, "c1", (text) => {
      listening.resolve();
      if (text.includes("two")) halfRead.resolve();
    });
    const texts = all.filter(({ name }) => name === "text").map(({ data }) => data.text);
    assert.ok(texts.length >= 2, "a part is told before the rest is written");
    assert.equal(texts.join(""), "One two three four");
    const last = all.at(-1)!;
    assert.deepEqual([last.name, last.data.status, last.data.result?.response], [
      "result",
      "completed",
      "One two three four",
    ]);
    const { body: status } = await service.request<Status>("GET", "/conversations/c1/status");
    assert.equal(status.conversation_status.result?.cost_micros, 100 * 2 + 4 * 10);
    const { body: shown } = await service.request<
      { conversation: { messages: { role: string; cost_micros?: number }[] } }
    >("GET", "/conversations/c1");
    assert.deepEqual(shown.conversation.messages.map(({ cost_micros }) => cost_micros), [
      undefined,
      240,
    ]);
    // Who comes later gets the end at once.
    assert.deepEqual((await eventsOf(service, "c1")).map(({ name }) => name), ["result"]);
    assert.equal((await service.request("GET", "/conversations/nobody/stream")).status, 404);
  },
);

Deno.test(
  "a bot over its budget is answered by the embedded responder, others go on",
  options,
  async () => {
    await using provider = startOpenAIServer(() => ({
      content: "From the model",
      usage: { prompt_tokens: 400_000, completion_tokens: 0, total_tokens: 400_000 },
    }));
    await using service = await TestService.start({ env: environment(provider.baseUrl) });
    const bot = {
      name: "Shop",
      daily_budget: 1.5,
      knowledge: [{ question: "When do you open?", answer: "At nine." }],
    };
    const put: Answer<{ bot?: { daily_budget: number } }> = await service.request(
      "PUT",
      "/bots/shop",
      bot,
    );
    assert.equal(put.body.bot?.daily_budget, 1.5);
    for (const id of ["a", "b"]) {
      assert.equal((await say(service, id, "When do you open?")).body.result?.source, "llm");
    }
    const third = (await say(service, "c", "When do you open?")).body.result!;
    assert.deepEqual([third.source, third.response, third.fallback], [
      "knowledge",
      "At nine.",
      "budget",
    ]);
    assert.equal(provider.requests.length, 2);
    assert.equal((await say(service, "d", "hello", "other")).body.result?.source, "llm");
    for (;;) {
      const { body } = await service.request<
        { alerts: { name: string; raised: boolean; detail: string }[] }
      >(
        "GET",
        "/alerts",
      );
      const alert = body.alerts.find(({ name }) => name === "bot_budget")!;
      if (alert.raised) {
        assert.match(alert.detail, /^1 bot .*: shop$/);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
);

Deno.test(
  "a provider that fails is left alone, and turns wait without spending attempts",
  options,
  async () => {
    let broken = true;
    await using provider = startOpenAIServer(() =>
      broken ? { status: 500 } : { content: "Back again" }
    );
    await using service = await TestService.start({ env: environment(provider.baseUrl) });
    const ids = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const posts = await Promise.all(
      ids.map((id) =>
        service.request<{ task_id: string }>("POST", "/conversations/queue", {
          conversation_id: id,
          user_message: "hello",
          bot_id: "shop",
          user_id: "ada",
        })
      ),
    );
    await provider.received(5);
    broken = false;
    for (const { body } of posts) {
      const conversation = `c${posts.findIndex((p) => p.body.task_id === body.task_id)}`;
      const { body: status } = await service.request<Status>(
        "GET",
        `/conversations/${conversation}/status?wait=25`,
      );
      assert.equal(status.conversation_status.result?.response, "Back again");
    }
    assert.ok(provider.requests.length <= 12 + 12 + 2, `${provider.requests.length} calls`);
  },
);

Deno.test(
  "above the threshold a similar question of a bot that shares spares the model, and says so",
  options,
  async () => {
    await using provider = startOpenAIServer(() => ({ content: "From the model" }));
    const env = { ...environment(provider.baseUrl), AI_SIMILAR_THRESHOLD: "0.7" };
    await using service = await TestService.start({ env });
    await service.request("PUT", "/bots/shop", { name: "Shop", cache: "shared" });
    await service.request("PUT", "/bots/alone", { name: "Alone", cache: "off" });
    const ask = async (id: string, message: string, bot: string) =>
      (await say(service, id, message, bot)).body.result!;
    const first = await ask("a", "How can I return a broken lamp?", "shop");
    assert.deepEqual([first.cached, first.similarity], [false, undefined]);
    const near = await ask("b", "how can i return the broken lamp", "shop");
    assert.deepEqual([near.cached, near.response], [true, "From the model"]);
    assert.ok(near.similarity! >= 0.7, `${near.similarity}`);
    for (const id of ["c", "d"]) {
      const reply = await ask(id, "how can i return the broken lamp", "alone");
      assert.deepEqual([reply.cached, reply.similarity], [false, undefined]);
    }
  },
);
