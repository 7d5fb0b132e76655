import assert from "node:assert/strict";
import { type Script, startOpenAIServer } from "../support/openai_server.ts";
import { TestService } from "../support/service.ts";

const options = { sanitizeOps: true, sanitizeResources: true };

/** A reader of a conversation's stream, event by event. */
async function read(service: TestService, id: string) {
  const response = await fetch(`${service.url}/api/performance/conversations/${id}/stream`, {
    headers: { authorization: `Bearer ${service.token}` },
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    status: response.status,
    /** The next event, or null at the end. */
    async next(): Promise<{ name: string; data: Record<string, unknown> } | null> {
      for (;;) {
        const end = rest.indexOf("\n\n");
        if (end >= 0) {
          const block = rest.slice(0, end);
          rest = rest.slice(end + 2);
          const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
          if (name) return { name, data: JSON.parse(data!) };
          continue;
        }
        const { done, value } = await reader.read();
        if (done) return null;
        rest += value;
      }
    },
    leave: () => reader.cancel(),
  };
}

async function ask(service: TestService, id: string): Promise<void> {
  const body = { conversation_id: id, user_message: "hi", bot_id: "shop", user_id: "ada" };
  assert.equal((await service.request("POST", "/conversations/queue", body)).status, 200);
}

function held(gate: Promise<unknown>): Script {
  return { content: "One two three four", hold: { after: 2, until: gate } };
}

Deno.test(
  "who comes in the middle reads all of the reply, who leaves makes room and stops nothing",
  options,
  async () => {
    const gate = Promise.withResolvers<void>();
    await using model = startOpenAIServer(() => held(gate.promise));
    await using service = await TestService.start({
      env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "m", STREAM_LIMIT: "2" },
    });
    await ask(service, "c1");
    const first = await read(service, "c1");
    let told = "";
    while (told !== "One two ") told += (await first.next())!.data.text;
    const late = await read(service, "c1");
    assert.deepEqual(await late.next(), { name: "text", data: { text: "One two " } });
    const third = await read(service, "c1");
    assert.equal(third.status, 503);
    await third.leave();
    await first.leave();
    for (;;) {
      const again = await read(service, "c1");
      if (again.status === 200) {
        assert.deepEqual(await again.next(), { name: "text", data: { text: "One two " } });
        await again.leave();
        break;
      }
      await again.leave();
    }
    gate.resolve();
    let rest = "";
    for (;;) {
      const event = (await late.next())!;
      if (event.name === "result") {
        assert.equal(event.data.status, "completed");
        break;
      }
      rest += event.data.text;
    }
    assert.equal(rest, "three four");
    assert.equal(await late.next(), null, "the stream ends with the result");
    assert.equal(model.requests.length, 1);
  },
);

Deno.test(
  "a service that stops ends its streams, and the next one answers the turn",
  options,
  async () => {
    const never = new Promise(() => {});
    let stopping = false;
    await using model = startOpenAIServer(() => stopping ? { content: "After all" } : held(never));
    await using service = await TestService.start({
      env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "m", SHUTDOWN_SECONDS: "1" },
    });
    await ask(service, "c1");
    const reader = await read(service, "c1");
    assert.equal((await reader.next())!.name, "text");
    stopping = true;
    const stopped = service.stop();
    let event;
    do event = await reader.next(); while (event?.name === "text");
    assert.equal(event, null, "there was no result to tell");
    assert.equal(await stopped, 0);
    await service.restart();
    const { body } = await service.request<{
      conversation_status: { result: { response: string } };
    }>("GET", "/conversations/c1/status?wait=25");
    assert.equal(body.conversation_status.result.response, "After all");
  },
);
