import assert from "node:assert/strict";
import { withApi } from "./api_support.ts";

const P = "/api/performance";

Deno.test("the page at /docs is open, shows every call, and loads nothing from anywhere", () =>
  withApi(async ({ ask }) => {
    const { status, text, headers } = await ask("/docs", { token: null });
    assert.equal(status, 200);
    const policy = headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    const nonce = /nonce-([^']+)'/.exec(policy)![1];
    for (const [, given] of text.matchAll(/<(?:script|style)[^>]*nonce="([^"]*)"/g)) {
      assert.equal(given, nonce);
    }
    assert.equal(text.match(/<(script|style)\b/g)!.length, 2);
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//);
    const { body: document } = await ask(`${P}/openapi.json`, { token: null });
    for (const [path, methods] of Object.entries(document.paths)) {
      assert.ok(text.includes(path), path);
      for (const method of Object.keys(methods as object)) {
        assert.ok(text.includes(`curl -X ${method.toUpperCase()}`));
      }
    }
    for (const problem of ["invalid", "rate_limited", "overloaded"]) {
      assert.ok(text.includes(`id="problem-${problem}"`));
    }
    const evil = await ask("/docs", { headers: { host: 'x"><script>alert(1)</script>' } })
      .catch(() => null);
    assert.ok(!evil?.text.includes("<script>alert"));
  }));

Deno.test("every answer says what is left of the rate limit, unless there is none", async () => {
  await withApi(async ({ ask }) => {
    const first = await ask(`${P}/health`);
    assert.equal(first.headers.get("ratelimit-policy"), '"token";q=20;w=2');
    assert.equal(first.headers.get("ratelimit"), '"token";r=19;t=1');
    const second = await ask(`${P}/nope/at/all`);
    assert.equal(second.status, 404);
    const third = await ask(`${P}/tasks/unknown`);
    assert.equal(third.status, 404);
    assert.match(third.headers.get("ratelimit")!, /^"token";r=1\d;t=1$/);
    let last = third;
    for (let n = 0; n < 60 && last.status !== 429; n++) last = await ask(`${P}/cache/stats`);
    assert.equal(last.status, 429);
    assert.match(last.headers.get("ratelimit")!, /^"token";r=0;t=2$/);
    assert.ok(Number(last.headers.get("retry-after")) >= 1);
  }, { RATE_LIMIT_PER_SECOND: "10", RATE_LIMIT_BURST: "20" });
  await withApi(async ({ ask }) => {
    assert.equal((await ask(`${P}/health`)).headers.get("ratelimit"), null);
  }, { RATE_LIMIT_PER_SECOND: "0" });
});

Deno.test("pages of other origins may call only where they are listed, and never by cookie", async () => {
  const asked = { origin: "https://app.example", "access-control-request-method": "POST" };
  const preflight = { method: "OPTIONS", token: null };
  await withApi(async ({ ask }) => {
    const { status, headers } = await ask(`${P}/health`, { ...preflight, headers: asked });
    assert.equal(status, 401);
    assert.equal(headers.get("access-control-allow-origin"), null);
  });
  await withApi(async ({ ask }) => {
    const yes = await ask(`${P}/conversations/queue`, { ...preflight, headers: asked });
    assert.equal(yes.status, 204);
    assert.equal(yes.headers.get("access-control-allow-origin"), "https://app.example");
    assert.equal(yes.headers.get("access-control-allow-credentials"), null);
    assert.equal(yes.headers.get("vary"), "origin");
    const other = { ...asked, origin: "https://app.example.evil" };
    assert.equal((await ask(`${P}/health`, { ...preflight, headers: other })).status, 401);
    const read = await ask(`${P}/health`, { headers: { origin: "https://app.example" } });
    assert.equal(read.headers.get("access-control-allow-origin"), "https://app.example");
    const denied = await ask(`${P}/health`, { headers: { origin: "null" } });
    assert.equal(denied.headers.get("access-control-allow-origin"), null);
    assert.equal(denied.headers.get("vary"), "origin");
  }, { CORS_ORIGINS: "https://app.example,https://two.example" });
});

Deno.test("nothing in a request ends up in a header, a redirect or a cache of others", () =>
  withApi(async ({ ask, url }) => {
    const split = await ask(`${P}/cache/key/a%0d%0aSet-Cookie:%20x=1`);
    assert.equal(split.headers.get("set-cookie"), null);
    for (const id of ["a b", "x".repeat(65), "<script>", "a;b"]) {
      const { headers } = await ask(`${P}/health`, { headers: { "x-request-id": id } });
      assert.notEqual(headers.get("x-request-id"), id);
    }
    const poisoned = await fetch(`${url}${P}/openapi.json`, {
      headers: { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
    });
    assert.ok(!(await poisoned.text()).includes("evil.example"));
    const docs = await fetch(`${url}/docs`, { headers: { "x-forwarded-host": "evil.example" } });
    assert.ok(!(await docs.text()).includes("evil.example"));
    assert.equal(docs.headers.get("cache-control"), "no-store");
    const proto = await ask(`${P}/conversations/queue`, {
      body: '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},' +
        '"conversation_id":"__proto__","user_message":"hi","bot_id":"constructor",' +
        '"metadata":{"__proto__":{"admin":true}}}',
      headers: { "content-type": "application/json" },
    });
    assert.equal(proto.status, 200);
    assert.equal(({} as Record<string, unknown>)["admin"], undefined);
    for (
      const key of ["../../etc/passwd", "..%2f..%2fadmin-token", "%2e%2e/%2e%2e/x", "__proto__"]
    ) {
      const { status } = await ask(`${P}/cache/key/${key}`);
      assert.ok(status === 404, `${key}: ${status}`);
    }
  }));

Deno.test("no pattern or header makes the service think for long", () =>
  withApi(async ({ ask }) => {
    const slow = "a*".repeat(95) + "b";
    const before = performance.now();
    const long = "a".repeat(200);
    assert.equal((await ask(`${P}/cache/clear`, { json: { pattern: slow } })).status, 200);
    await ask(`${P}/tasks?q=${"(a+)+".repeat(30)}`);
    await ask(`${P}/analytics/daily?date=${"1".repeat(20_000)}`);
    await ask(`${P}/performance/history?from=${"2026-01-01T".repeat(500)}`);
    await ask(`${P}/performance/history?metrics=${",".repeat(20_000)}`);
    const headers = { prefer: "wait ".repeat(4_000), "content-type": "a/".repeat(2_000) };
    await ask(`${P}/conversations/queue`, { method: "POST", body: "x", headers });
    await ask(`${P}/conversations/queue`, {
      json: {
        conversation_id: long,
        user_message: long,
        bot_id: long,
        callback_url: "http://a" +
          ".a".repeat(900),
      },
    });
    assert.ok(performance.now() - before < 60_000, "backtracking would take for ever");
  }));
