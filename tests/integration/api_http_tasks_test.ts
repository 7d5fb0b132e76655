import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { freePort } from "../support/ports.ts";
import { TestService } from "../support/service.ts";
import { SECRET, type TestApi, withApi } from "./api_support.ts";

const P = "/api/performance";

/** A receiver of tasks that answers as each test says, and remembers what it was sent. */
function receiver(answer: (request: Request, times: number) => Response) {
  const sent: { headers: Headers; body: string }[] = [];
  const port = freePort();
  const server = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    sent.push({ headers: request.headers, body: await request.text() });
    return answer(request, sent.length);
  });
  return { url: `http://127.0.0.1:${port}/hook`, sent, allow: `127.0.0.1:${port}`, server };
}

async function ended({ ask, engine }: TestApi, id: string) {
  await engine.whenEnded(id, 60_000);
  return (await ask(`${P}/tasks/${id}`)).body.task_status;
}

const task = (url: string, more: Record<string, unknown> = {}) => ({
  name: "invoice",
  queue: "default",
  payload: { order: 7 },
  url,
  ...more,
});

Deno.test("a task by URL is sent signed, and its answer is its result", async () => {
  const { url, sent, allow, server } = receiver(() => Response.json({ invoice: "A-1" }));
  await withApi(async (api) => {
    const { status, body } = await api.ask(`${P}/tasks`, { json: task(url, { priority: "high" }) });
    assert.equal(status, 200);
    const done = await ended(api, body.task_id);
    assert.equal(done.status, "completed");
    assert.equal(done.name, "invoice");
    assert.equal(done.priority, "high");
    assert.deepEqual(done.result, { invoice: "A-1" });
    assert.deepEqual(done.kwargs, { url, payload: { order: 7 } });
    assert.equal(sent.length, 1);
    const headers = Object.fromEntries(sent[0]!.headers);
    assert.deepEqual(new Webhook(SECRET).verify(sent[0]!.body, headers), { order: 7 });
    assert.equal(headers["webhook-id"], body.task_id);
    const listed = await api.ask(`${P}/tasks?name=invoice`);
    assert.equal(listed.body.tasks.length, 1);
  }, { TASK_URL_ALLOW: allow });
  await server.shutdown();
});

Deno.test("409 and 410 cancel, 429 and 5xx are tried again by Retry-After, 4xx fails at once", async () => {
  const { url, allow, server } = receiver((request, times) => {
    const kind = new URL(request.url).searchParams.get("do");
    if (kind === "later" && times === 1) {
      return new Response("", { status: 429, headers: { "retry-after": "1" } });
    }
    return new Response("plain", { status: kind === "later" ? 200 : Number(kind) });
  });
  await withApi(async (api) => {
    const run = async (what: string) => {
      const { body } = await api.ask(`${P}/tasks`, { json: task(`${url}?do=${what}`) });
      return await ended(api, body.task_id);
    };
    const later = await run("later");
    assert.equal(later.status, "completed");
    assert.equal(later.attempt, 2);
    assert.equal(later.result, "plain");
    assert.equal((await run("409")).status, "cancelled");
    assert.equal((await run("410")).status, "cancelled");
    assert.equal((await run("404")).status, "failed");
    const once = await api.ask(`${P}/tasks`, { json: task(`${url}?do=503`, { max_attempts: 1 }) });
    assert.equal((await ended(api, once.body.task_id)).status, "failed");
  }, { TASK_URL_ALLOW: allow });
  await server.shutdown();
});

Deno.test("only hosts on the list are called, also after a redirect", async () => {
  const inner = receiver(() => new Response("secret"));
  const outer = receiver(() =>
    new Response(null, { status: 307, headers: { location: inner.url } })
  );
  await withApi(async (api) => {
    const refused = await api.ask(`${P}/tasks`, { json: task(inner.url) });
    assert.equal(refused.status, 422);
    assert.equal(refused.body.errors[0].path, "url");
    for (const url of ["http://127.0.0.1:1/", "http://localhost/", "ftp://127.0.0.1/", "no url"]) {
      assert.equal((await api.ask(`${P}/tasks`, { json: task(url) })).status, 422, url);
    }
    const { body } = await api.ask(`${P}/tasks`, { json: task(outer.url) });
    assert.equal((await ended(api, body.task_id)).status, "failed");
    assert.equal(inner.sent.length, 0);
  }, { TASK_URL_ALLOW: outer.allow });
  await inner.server.shutdown();
  await outer.server.shutdown();
});

Deno.test("unique keys, idempotency keys, times and sizes of tasks by URL", async () => {
  const { url, allow, server } = receiver(() => new Response("ok"));
  await withApi(async ({ ask }) => {
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const post = (more: Record<string, unknown>, headers: Record<string, string> = {}) =>
      ask(`${P}/tasks`, { json: task(url, more), headers });
    const first = await post({ run_at, unique_key: "u" });
    assert.equal((await post({ run_at, unique_key: "u" })).body.task_id, first.body.task_id);
    assert.notEqual((await post({ run_at, unique_key: "v" })).body.task_id, first.body.task_id);
    const scheduled = (await ask(`${P}/tasks/${first.body.task_id}`)).body.task_status;
    assert.equal(scheduled.status, "scheduled");
    assert.equal(scheduled.run_at, run_at);
    const once = { "idempotency-key": "k" };
    const one = await post({ run_at }, once);
    assert.equal((await post({ run_at }, once)).body.task_id, one.body.task_id);
    assert.equal((await post({ run_at, name: "x" }, once)).status, 409);

    assert.equal((await post({ run_at, payload: "x".repeat(48 * 1024 - 2) })).status, 200);
    assert.equal((await post({ run_at, payload: "x".repeat(48 * 1024) })).status, 422);
    assert.equal((await post({ run_at, payload: "ж".repeat(24_000) })).status, 200);
    assert.equal((await post({ run_at, payload: "x".repeat(40_000) + "ж" })).status, 422);
    assert.equal((await post({ queue: "nothing" })).status, 422);
    assert.equal((await post({ max_attempts: 0 })).status, 422);
  }, { TASK_URL_ALLOW: allow });
  await server.shutdown();
});

Deno.test("a module of one's own brings its handlers and queues", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = `${folder}/my_handlers.ts`;
    const from = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
    await Deno.writeTextFile(
      module,
      `import { complete, defineJob } from ${from("lib/jobs/mod.ts")};
       const anything = { safeParse: (data) => ({ success: true, data }) };
       export const shout = defineJob({ kind: "shout", queue: "loud", payload: anything,
         perform: ({ payload }) => complete(payload) });`,
    );
    await using service = await TestService.start({ env: { HANDLERS: module } });
    const { body } = await service.request<{ queues: { name: string }[] }>("GET", "/queues");
    assert.ok(body.queues.some(({ name }) => name === "loud"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a task by URL is found by its name where many are acted on, too", async () => {
  const allow = "receiver.example";
  await withApi(async ({ ask }) => {
    const waiting = task(`http://${allow}/hook`, { run_at: "2999-01-01T00:00:00Z" });
    const { body: { task_id } } = await ask(`${P}/tasks`, { json: waiting });
    const json = { action: "cancel", name: "invoice" };
    const counted = await ask(`${P}/tasks/actions`, { json });
    assert.equal(counted.body.matching, 1);
    assert.equal((await ask(`${P}/tasks/${task_id}`)).body.task_status.status, "scheduled");
  }, { TASK_URL_ALLOW: allow });
});
