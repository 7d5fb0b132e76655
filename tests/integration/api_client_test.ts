import assert from "node:assert/strict";
import { CallRefused, Client } from "../../lib/wire/client.ts";
import type { Calls } from "../../lib/wire/calls.ts";
import type { RouteName } from "../../routes/middleware/roles.ts";
import { ADMIN, withApi } from "./api_support.ts";

/** Streams, which a client reads line by line. */
type Streams =
  | "GET /events"
  | "GET /conversations/{conversation_id}/stream"
  | "POST /conversations/import"
  | "GET /audit/export";
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
/** Fails to compile when a route is missing from the client, or the other way round. */
const complete: Same<Exclude<RouteName, Streams>, keyof Calls> = true;

Deno.test("the typed client calls every kind of route and tells problems", () =>
  withApi(async ({ url }) => {
    assert.ok(complete);
    const client = new Client({ url, token: ADMIN });
    const queued = await client.call("POST /conversations/queue", {
      body: { conversation_id: "a/b c", user_message: "hi", bot_id: "shop" },
      query: { priority: "high" },
    }, { headers: { prefer: "wait=10" } });
    assert.equal(queued.priority, "high");
    assert.equal(queued.result?.response, "You said: hi");
    const found = await client.call("GET /conversations/{conversation_id}/status", {
      params: { conversation_id: "a/b c" },
    });
    assert.equal(found.conversation_status.status, "completed");
    const { tasks } = await client.call("GET /tasks", { query: { limit: 1, queue: undefined } });
    assert.equal(tasks.length, 1);
    const stats = await client.call("GET /cache/stats", {});
    assert.equal(stats.cache_stats.backend, "memory");

    await assert.rejects(
      client.call("GET /tasks/{task_id}", { params: { task_id: "nothing" } }),
      (error) => error instanceof CallRefused && error.problem.status === 404,
    );
    const nobody = new Client({ url, token: "nobody's" });
    await assert.rejects(
      nobody.call("GET /health", {}),
      (error) => error instanceof CallRefused && error.problem.status === 401,
    );
  }));

Deno.test("a proxy's page is told as what it is", async () => {
  for (const status of [200, 502]) {
    const headers = { "retry-after": "Sat, 28 Nov 2026 00:00:00 GMT" };
    await using proxy = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response("<h1>Bad Gateway</h1>", { status, headers }),
    );
    const client = new Client({ url: `http://127.0.0.1:${proxy.addr.port}`, token: "t" });
    await assert.rejects(client.call("GET /health", {}), (error) => {
      assert.ok(error instanceof CallRefused, String(error));
      assert.match(error.message, new RegExp(`answered ${status} without JSON`));
      assert.deepEqual([error.problem.status, error.retryAfterSeconds], [status, null]);
      return true;
    });
  }
});
