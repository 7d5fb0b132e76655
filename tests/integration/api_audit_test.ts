import assert from "node:assert/strict";
import { type TestApi, withApi } from "./api_support.ts";

const P = "/api/performance";
const from = { address: "192.0.2.7", userAgent: "a browser" };

interface Entry {
  at: string;
  actor: string;
  action: string;
  target: string;
  address: string;
  status: number;
  request_id: string;
  count?: number;
}

async function entries({ ask }: TestApi, query = ""): Promise<Entry[]> {
  const { status, body } = await ask(`${P}/audit${query}`);
  assert.equal(status, 200);
  return body.entries;
}

Deno.test("every change and every sign-in is told: who, what, from where, with which result", () =>
  withApi(async (api) => {
    const { ask, app, token } = api;
    const made = await ask(`${P}/tokens`, { json: { name: "t", role: "viewer" } });
    const id = made.body.token_info.token_id;
    await ask(`${P}/cache/key/plain`, { method: "DELETE" });
    await ask(`${P}/cache/key/plain`, { method: "DELETE", token: await token("viewer") });
    await ask(`${P}/queues/conversations/pause`, { method: "PUT" });
    await ask(`${P}/bots/nobody`, { method: "PUT", json: {} });
    await ask(`${P}/health`, { token: "a-guess" });
    await ask(`${P}/health`);
    const { cookie } = (await app.sessions.signIn(made.body.token, from))!;
    await app.sessions.signOut(cookie, from);
    await app.sessions.signIn("another-guess", from);

    const all = await entries(api);
    const told = (action: string, status: number) => {
      const found = all.filter((e) => e.action === action && e.status === status);
      assert.equal(found.length, 1, `${action} ${status}: ${JSON.stringify(all)}`);
      return found[0]!;
    };
    const created = told("POST /tokens", 200);
    assert.equal(created.target, `${P}/tokens/${id}`);
    assert.equal(created.actor, "admin");
    assert.equal(created.address, "127.0.0.1");
    assert.equal(created.request_id, made.headers.get("x-request-id"));
    assert.equal(told("DELETE /cache/key/{key}", 200).target, `${P}/cache/key/plain`);
    assert.equal(told("DELETE /cache/key/{key}", 403).actor, "jwt:user-1");
    told("PUT /queues/{name}/pause", 200);
    told("PUT /bots/{bot_id}", 422);
    assert.equal(told("authenticate", 401).actor, "anonymous");
    assert.equal(told("sign_in", 200).actor, `token:${id}`);
    assert.equal(told("sign_in", 200).address, "192.0.2.7");
    told("sign_out", 200);
    told("sign_in", 401);
    assert.equal(all.length, 9);
    assert.ok(!JSON.stringify(all).includes("guess"));
    assert.ok(!JSON.stringify(all).includes(made.body.token));
  }));

Deno.test("what happens often is one entry with a count", () =>
  withApi(async (api) => {
    const turn = (n: number) => ({ conversation_id: `c${n}`, user_message: "hi", bot_id: "b" });
    for (let n = 0; n < 7; n++) await api.ask(`${P}/conversations/queue`, { json: turn(n) });
    const all = await entries(api, "?action=POST%20/conversations/queue");
    assert.equal(all.reduce((sum, { count = 1 }) => sum + count, 0), 7);
    assert.ok(all.length < 7);
  }));

Deno.test("the log is paged and exported whole, filtered, and forgets only what is old", () =>
  withApi(async (api) => {
    const { ask, deps } = api;
    const start = Date.now();
    for (let i = 0; i < 6; i++) await ask(`${P}/cache/key/k${i}`, { method: "DELETE" });
    const paged: Entry[] = [];
    let cursor = "";
    do {
      const { body } = await ask(`${P}/audit?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.entries);
      cursor = body.next_cursor ?? "";
    } while (cursor !== "");
    assert.deepEqual(paged.map((e) => e.target.at(-1)), ["5", "4", "3", "2", "1", "0"]);

    const lines = await ask(`${P}/audit/export`);
    assert.equal(lines.headers.get("content-type"), "application/x-ndjson");
    const exported = lines.text.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(exported, paged.toReversed());
    const later = new Date(start + 3_600_000).toISOString();
    assert.equal((await ask(`${P}/audit/export?from=${later}`)).text, "");
    assert.equal((await entries(api, "?actor=nobody")).length, 0);
    assert.equal((await entries(api, `?from=${later}&to=2020-01-01T00:00:00Z`)).length, 0);
    assert.equal((await entries(api, `?from=${later}&cursor=1-x`)).length, 0);
    for (const cursor of ["x", "1", "1795830335204~c"]) {
      assert.equal((await api.ask(`${P}/audit?cursor=${cursor}`)).status, 422, cursor);
    }
    assert.equal((await ask(`${P}/audit?from=yesterday`)).status, 422);

    assert.equal(await deps.auth.audit.sweep(start), 0);
    assert.equal(await deps.auth.audit.sweep(Date.now() + 1), 6);
    assert.equal((await entries(api)).length, 0);
  }));

Deno.test("a change and its line are one commit: neither is there without the other", () =>
  withApi(async ({ ask, deps }) => {
    const commit = deps.db.commit.bind(deps.db);
    deps.db.commit = (write) => {
      const keys = write.mutations.map((m) => "key" in m ? m.key[0] : "");
      return keys.includes("audit") ? Promise.reject(new Error("disk full")) : commit(write);
    };
    const { status } = await ask(`${P}/tokens`, { json: { name: "t", role: "viewer" } });
    assert.equal(status, 500);
    deps.db.commit = commit;
    assert.deepEqual((await ask(`${P}/tokens`)).body.tokens, []);
  }));
