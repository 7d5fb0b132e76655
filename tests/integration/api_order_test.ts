import assert from "node:assert/strict";
import { AppError } from "../../lib/errors.ts";
import { type TestApi, withApi } from "./api_support.ts";

const P = "/api/performance";
const turn = (conversation_id: string, more: Record<string, unknown> = {}) => ({
  conversation_id,
  user_message: "hello",
  bot_id: "b",
  ...more,
});

/** From now on nothing new is taken. */
function overload({ backlog }: TestApi): void {
  backlog.admit = () => {
    throw new AppError("overloaded", "too much waits", { retryAfterSeconds: 5 });
  };
}

Deno.test("what ends a backlog can be asked for while one is too long", () =>
  withApi(async (api) => {
    api.backlog.admit = (_count, priority) => {
      if (priority === "upkeep") return;
      throw new AppError("overloaded", "too much waits", { retryAfterSeconds: 5 });
    };
    const { ask } = api;
    const { body } = await ask(`${P}/schedules`);
    const [{ name }] = body.schedules as [{ name: string }];
    const asked: [string, unknown, number][] = [
      [`/schedules/${encodeURIComponent(name)}/run`, undefined, 200],
      ["/maintenance/cleanup", {}, 200],
      ["/tasks/actions", { action: "cancel", status: "queued", dry_run: false }, 200],
      ["/tasks/actions", { action: "retry", status: "failed", dry_run: false }, 503],
      ["/conversations/queue", turn("new"), 503],
    ];
    for (const [path, json, expected] of asked) {
      const { status } = await ask(P + path, { method: "POST", json });
      assert.equal(status, expected, path);
    }
  }));

Deno.test("overload is told after everything else that speaks against a request", () =>
  withApi(async (api) => {
    const { ask } = api;
    const queue = `${P}/conversations/queue`;
    const once = { "idempotency-key": "k" };
    const first = await ask(queue, { json: turn("known"), headers: once });
    assert.equal(first.status, 200);
    await ask(`${P}/conversations/batch`, {
      json: { batch_id: "b-1", conversations: [turn("in-batch")] },
    });
    overload(api);

    const full = await ask(queue, { json: turn("new") });
    assert.equal(full.status, 503);
    assert.equal(full.headers.get("retry-after"), "5");
    assert.equal((await ask(queue, { json: {} })).status, 422);
    assert.equal((await ask(queue, { json: turn("known", { bot_id: "other" }) })).status, 409);
    const replayed = await ask(queue, { json: turn("known"), headers: once });
    assert.equal(replayed.status, 200);
    assert.equal(replayed.body.task_id, first.body.task_id);
    assert.equal((await ask(queue, { json: turn("x"), headers: once })).status, 409);

    const batch = (batch_id: string, id: string) =>
      ask(`${P}/conversations/batch`, { json: { batch_id, conversations: [turn(id)] } });
    assert.equal((await batch("b-1", "in-batch")).status, 200);
    assert.equal((await batch("b-1", "elsewhere")).status, 409);
    assert.equal((await batch("b-2", "elsewhere")).status, 503);

    const post = (path: string) => ask(P + path, { method: "POST" });
    assert.equal((await post("/tasks/nothing/retry")).status, 404);
    assert.equal((await post("/schedules/nothing/run")).status, 404);
    assert.equal((await post("/schedules/nightly/run")).status, 503);
    assert.equal((await post("/maintenance/cleanup")).status, 503);
    assert.equal((await post(`/tasks/${first.body.task_id}/retry`)).status, 409);
  }));

Deno.test("a callback to a network of ours is refused where it is given, field by field", () =>
  withApi(async ({ ask }) => {
    const asked = (callback_url: string) =>
      ask(`${P}/conversations/queue`, { json: turn("c", { callback_url }) });
    const inner = [
      "http://127.0.0.1/",
      "http://localhost:8002/x",
      "http://[::1]/",
      "http://[::ffff:10.0.0.1]/",
      "http://169.254.169.254/latest/meta-data/",
      "https://10.1.2.3/",
      "http://192.168.0.1/",
      "http://0.0.0.0/",
      "http://2130706433/",
      "http://0x7f.1/",
    ];
    for (const url of inner) {
      const { status, body } = await asked(url);
      assert.equal(status, 422, url);
      assert.equal(body.errors[0].path, "callback_url");
    }
    assert.equal((await asked("https://user:secret@example.com/")).status, 422);
    const batch = await ask(`${P}/conversations/batch`, {
      json: {
        conversations: [
          turn("1", { callback_url: "http://93.184.216.34/" }),
          turn("2", { callback_url: "http://127.0.0.1/" }),
        ],
      },
    });
    assert.equal(batch.status, 422);
    assert.deepEqual(
      batch.body.errors.map((e: { path: string }) => e.path),
      ["conversations.1.callback_url"],
    );
    assert.equal((await asked("http://93.184.216.34/hook")).status, 200);
  }));

Deno.test("callbacks to networks of ours are taken where the configuration allows it", () =>
  withApi(async ({ ask }) => {
    const json = turn("c", { callback_url: "http://127.0.0.1:9/" });
    assert.equal((await ask(`${P}/conversations/queue`, { json })).status, 200);
  }, { ALLOW_PRIVATE_ADDRESSES: "true" }));

Deno.test("a caller that leaves is not waited for", () =>
  withApi(async ({ engine, url, ask, token, deps }) => {
    const waits: Promise<boolean>[] = [];
    const begun = Promise.withResolvers<void>();
    const whenEnded = engine.whenEnded.bind(engine);
    deps.engine.whenEnded = (id, ms, signal) => {
      const wait = whenEnded(id, ms, signal);
      waits.push(wait);
      begun.resolve();
      return wait;
    };
    const leave = new AbortController();
    const left = fetch(`${url}${P}/conversations/queue`, {
      method: "POST",
      signal: leave.signal,
      headers: {
        authorization: `Bearer ${await token("operator")}`,
        "content-type": "application/json",
        prefer: "wait=25",
      },
      body: JSON.stringify({ ...turn("c"), user_message: "wait" }),
    }).catch(() => "left");
    await begun.promise;
    const before = performance.now();
    leave.abort();
    assert.equal(await left, "left");
    assert.equal(await waits[0], false);
    assert.ok(performance.now() - before < 20_000, "it waited on");
    assert.equal((await ask(`${P}/health`)).status, 200);
  }));
