import assert from "node:assert/strict";
import { RunningTime } from "../support/running_time.ts";
import { type TestApi, withApi } from "./api_support.ts";

const P = "/api/performance";

async function make({ ask }: TestApi, json: Record<string, unknown>) {
  const { status, body } = await ask(`${P}/tokens`, { json });
  assert.equal(status, 200);
  assert.match(body.token, /^pat_[\w-]{43}$/);
  return { secret: body.token as string, id: body.token_info.token_id as string };
}

Deno.test("a token has its role's rights, is shown once and kept only as a hash", () =>
  withApi(async (api) => {
    const { ask, deps } = api;
    const viewer = await make(api, { name: "reader", role: "viewer" });
    const status = async (path: string, token: string, method = "GET") =>
      (await ask(P + path, { token, method })).status;
    assert.equal(await status("/health", viewer.secret), 200);
    assert.equal(await status("/maintenance/cleanup", viewer.secret, "POST"), 403);
    assert.equal(await status("/tokens", viewer.secret), 403);
    const key = `${P}/cache/key/plain`;
    assert.equal((await ask(key, { token: viewer.secret })).body.value, "[hidden]");
    const reader = await make(api, { name: "content", role: "viewer", content: true });
    assert.notEqual((await ask(key, { token: reader.secret })).body.value, "[hidden]");
    const operator = await make(api, { name: "doer", role: "operator" });
    assert.equal(await status("/maintenance/cleanup", operator.secret, "POST"), 200);
    assert.equal(await status("/audit", operator.secret), 403);

    const { text, body } = await ask(`${P}/tokens`);
    assert.equal(body.tokens.length, 3);
    for (const { secret } of [viewer, reader, operator]) assert.ok(!text.includes(secret));
    const used = body.tokens.find((t: { name: string }) => t.name === "reader");
    assert.equal(typeof used.last_used_at, "string");
    assert.equal(used.created_by, "admin");
    for await (const { key, value } of deps.db.kv.list({ prefix: [] })) {
      const kept = Deno.inspect([key, value], { depth: 20, strAbbreviateSize: 1e6 });
      for (const { secret } of [viewer, reader, operator]) assert.ok(!kept.includes(secret));
    }
  }));

Deno.test("a token that is rotated or revoked ends at once, also for its streams and sessions", () =>
  withApi(async (api) => {
    const { ask, url, app } = api;
    const { secret, id } = await make(api, { name: "t", role: "operator" });
    const asWho = async (token: string) => (await ask(`${P}/health`, { token })).status;
    assert.equal(await asWho(secret), 200);

    const rotated = await ask(`${P}/tokens/${id}/rotate`, { method: "POST" });
    const next = rotated.body.token as string;
    assert.notEqual(next, secret);
    assert.equal(await asWho(secret), 401);
    assert.equal(await asWho(next), 200);

    const from = { address: "192.0.2.7", userAgent: "a browser" };
    const { cookie } = (await app.sessions.signIn(next, from))!;
    const stream = await fetch(`${url}${P}/events`, {
      headers: { authorization: `Bearer ${next}` },
    });
    assert.equal(stream.status, 200);
    using running = new RunningTime();
    const before = running.now();
    const ended = stream.text();
    assert.equal((await ask(`${P}/tokens/${id}`, { method: "DELETE" })).body.revoked, true);
    assert.equal(await asWho(next), 401);
    await ended;
    assert.ok(running.now() - before < 1_500, "the stream went on");
    assert.equal((await ask(`${P}/tokens/${id}`, { method: "DELETE" })).status, 404);
    assert.equal((await ask(`${P}/tokens/${id}/rotate`, { method: "POST" })).status, 404);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await app.sessions.find(cookie), null);
  }));

Deno.test("tokens expire, and what is no token of ours is refused", () =>
  withApi(async (api) => {
    const { ask } = api;
    let secret = "", status = 0;
    // Where making one takes longer than it lives, one that lives longer is tried.
    for (let lives = 700; status !== 200; lives *= 2) {
      const endsAt = Date.now() + lives;
      const expires_at = new Date(endsAt).toISOString();
      ({ secret } = await make(api, { name: "brief", role: "viewer", expires_at }));
      ({ status } = await ask(`${P}/health`, { token: secret }));
      if (Date.now() < endsAt) assert.equal(status, 200);
      await new Promise((resolve) => setTimeout(resolve, endsAt - Date.now() + 50));
    }
    assert.equal((await ask(`${P}/health`, { token: secret })).status, 401);
    for (const token of ["pat_", `pat_${"a".repeat(43)}`, secret + "x", secret.slice(0, -1)]) {
      assert.equal((await ask(`${P}/health`, { token })).status, 401);
    }
    const past = { name: "late", role: "viewer", expires_at: "2020-01-01T00:00:00Z" };
    assert.equal((await ask(`${P}/tokens`, { json: past })).status, 422);
    assert.equal((await ask(`${P}/tokens`, { json: { name: "x", role: "root" } })).status, 422);
  }));

Deno.test("lists of tokens and sessions are paged, and a session can be ended by its name", () =>
  withApi(async (api) => {
    const { ask, app } = api;
    for (let i = 0; i < 5; i++) await make(api, { name: `t${i}`, role: "viewer" });
    const seen: string[] = [];
    let cursor = "";
    do {
      const { body } = await ask(`${P}/tokens?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.tokens.map((t: { name: string }) => t.name));
      cursor = body.next_cursor ?? "";
    } while (cursor !== "");
    assert.deepEqual(seen.sort(), ["t0", "t1", "t2", "t3", "t4"]);

    const { secret } = await make(api, { name: "someone", role: "viewer" });
    const from = { address: "192.0.2.7", userAgent: "a browser" };
    const { cookie } = (await app.sessions.signIn(secret, from))!;
    const [session] = (await ask(`${P}/sessions`)).body.sessions;
    assert.equal(session.subject, "someone");
    assert.equal(session.address, "192.0.2.7");
    assert.notEqual(session.session_id, cookie);
    const ended = await ask(`${P}/sessions/${session.session_id}`, { method: "DELETE" });
    assert.equal(ended.status, 200);
    assert.equal(await app.sessions.find(cookie), null);
    assert.equal((await ask(`${P}/sessions/nothing`, { method: "DELETE" })).status, 404);
  }));
