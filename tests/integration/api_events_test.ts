import assert from "node:assert/strict";
import { ADMIN, type TestApi, withApi } from "./api_support.ts";

const P = "/api/performance";

interface Received {
  id: string;
  name: string;
  // deno-lint-ignore no-explicit-any
  data: any;
}

/** Opens the event stream; `next` resolves with the first event from now on that fits. */
async function open(
  { url }: TestApi,
  headers: Record<string, string> = {},
  path = `${P}/events`,
) {
  const abort = new AbortController();
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${ADMIN}`, ...headers },
    signal: abort.signal,
  });
  assert.equal(response.status, 200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const seen: Received[] = [];
  const next = async (fits: (event: Received) => boolean): Promise<Received> => {
    for (;;) {
      const found = seen.find(fits);
      if (found) return found;
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream ended");
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)),
        );
        if (fields.event) {
          seen.push({ id: fields.id, name: fields.event, data: JSON.parse(fields.data) });
        }
      }
    }
  };
  const close = async () => {
    abort.abort();
    await reader.cancel().catch(() => {});
  };
  return { response, next, reader, seen, close };
}

const queue = ({ ask }: TestApi, conversation_id: string) =>
  ask(`${P}/conversations/queue`, {
    json: { conversation_id, user_message: "hello", bot_id: "b" },
    headers: { prefer: "wait=10" },
  });

Deno.test("a stream tells what tasks do, and goes on where an earlier one ended", () =>
  withApi(async (api) => {
    const first = await open(api);
    assert.equal(first.response.headers.get("content-type"), "text/event-stream");
    assert.ok(first.response.headers.has("ratelimit"));
    assert.equal(
      first.response.headers.get("x-accel-buffering"),
      "no",
      "no proxy holds events back",
    );
    const { body } = await queue(api, "1");
    // Of a quick task only the last change is told, unless a gathering ended in between.
    const ended = (id: string) => (e: Received) =>
      e.name === "task" && e.data.task_id === id && e.data.status === "completed";
    const done = await first.next(ended(body.task_id));
    assert.ok(first.seen.some((e) => e.name === "queue" && e.data.change === "depth"));
    await first.close();

    const missed = (await queue(api, "2")).body.task_id;
    const second = await open(api, { "last-event-id": done.id });
    await second.next(ended(missed));
    assert.ok(second.seen.every((e) => e.id !== done.id));
    await second.close();

    const third = await open(api, { "last-event-id": "elsewhere-7" });
    await third.next((e) => e.name === "reset");
    await third.close();
  }));

Deno.test("health reports and alerts are told, and carry nothing of a task's content", () =>
  withApi(async (api) => {
    const stream = await open(api);
    api.app.feed.publish("alert", { name: "cpu", firing: true });
    assert.deepEqual((await stream.next((e) => e.name === "alert")).data, {
      name: "cpu",
      firing: true,
    });
    await queue(api, "1");
    await stream.next((e) => e.name === "task");
    assert.ok(!JSON.stringify(stream.seen).includes("hello"));
    await stream.close();
  }));

Deno.test("streams end when the service stops, and there are not too many of them", () =>
  withApi(async (api) => {
    const one = await open(api);
    const second = await api.ask(`${P}/events`);
    assert.equal(second.status, 503);
    assert.equal(second.headers.get("retry-after"), "10");
    api.stop.abort();
    await assert.rejects(one.next(() => false), /the stream ended/);
  }, { STREAM_LIMIT: "1" }));

Deno.test("a stream ends with the token that opened it, that of a reply too", () =>
  withApi(async (api) => {
    const { ask } = api;
    const turn = { conversation_id: "c", user_message: "wait", bot_id: "b" };
    await ask(`${P}/conversations/queue`, { json: turn });
    const { body } = await ask(`${P}/tokens`, { json: { name: "t", role: "operator" } });
    const headers = { authorization: `Bearer ${body.token}` };
    const events = await open(api, headers);
    const reply = await open(api, headers, `${P}/conversations/c/stream`);
    await ask(`${P}/tokens/${body.token_info.token_id}`, { method: "DELETE" });
    for (const stream of [events, reply]) {
      await assert.rejects(stream.next(() => false), /the stream ended/);
    }
  }));

Deno.test("a reply's stream that was only asked about is free before that is answered", () =>
  withApi(async ({ ask, app }) => {
    const turn = { conversation_id: "c", user_message: "wait", bot_id: "b" };
    await ask(`${P}/conversations/queue`, { json: turn });
    const headers = { authorization: `Bearer ${ADMIN}` };
    const asked = () =>
      app.api(
        new Request(`http://localhost${P}/conversations/c/stream`, { method: "HEAD", headers }),
        "here",
      );
    for (let i = 0; i < 20; i++) assert.equal((await asked()).status, 200);
  }, { STREAM_LIMIT_PER_TOKEN: "1" }));

Deno.test("one token cannot take all the streams, and what is left or only asked about is free again", () =>
  withApi(async (api) => {
    const { ask, token } = api;
    const turn = { conversation_id: "c", user_message: "wait", bot_id: "b" };
    await ask(`${P}/conversations/queue`, { json: turn });
    const reply = `${P}/conversations/c/stream`;
    for (const path of [`${P}/events`, reply, `${P}/events`, reply]) {
      assert.equal((await ask(path, { method: "HEAD" })).status, 200);
    }
    const one = await open(api);
    const two = await open(api, {}, reply);
    const third = await ask(`${P}/events`);
    assert.equal(third.status, 429);
    assert.equal(third.headers.get("retry-after"), "10");
    assert.equal((await ask(reply)).status, 429);
    // Also who may not read what a reply says holds a stream open.
    const blind = { authorization: `Bearer ${await token("viewer")}` };
    const theirs = await open(api, blind, reply);
    assert.equal(
      (await ask(`${P}/events`, { token: await token("viewer", { sub: "x" }) })).status,
      503,
    );
    await two.close();
    while ((await ask(reply, { method: "HEAD" })).status === 429);
    const again = await open(api, {}, reply);
    for (const stream of [one, again, theirs]) await stream.close();
  }, { STREAM_LIMIT: "3", STREAM_LIMIT_PER_TOKEN: "2" }));
