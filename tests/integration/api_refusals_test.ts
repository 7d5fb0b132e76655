import assert from "node:assert/strict";
import fc from "fast-check";
import { ROUTE_ROLES } from "../../routes/middleware/roles.ts";
import { documentedAnswers } from "../support/documented.ts";
import { ADMIN, platformToken, withApi } from "./api_support.ts";

const PREFIX = "/api/performance";

/** Sends bytes as they are, for what no client library would send; gives back the answer. */
async function raw(url: string, text: string, headOnly = false): Promise<string> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of connection.readable) {
      answer += decoder.decode(chunk);
      // Leaving the loop closes the connection.
      if (headOnly && answer.includes("\r\n\r\n")) break;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return answer;
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

Deno.test("everything under the prefix but its document is 401 without a token", () =>
  withApi(async ({ ask }) => {
    const paths = ["", "/", "/nope", "/openapi.json/", "/cache", "//cache/stats", "/cache/stats/"];
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS", "PATCH", "HEAD"]) {
        const { status } = await ask(PREFIX + path, { method, token: null });
        assert.equal(status, 401, `${method} ${path}`);
      }
    }
    assert.equal((await ask(`${PREFIX}/openapi.json`, { token: null })).status, 200);
    assert.equal(
      (await ask(`${PREFIX}/openapi.json`, { token: null, method: "HEAD" })).status,
      200,
    );
  }));

Deno.test("unknown routes are 404, wrong methods 405 with what is allowed, after the role", () =>
  withApi(async ({ ask, token }) => {
    assert.equal((await ask(`${PREFIX}/nope`)).status, 404);
    assert.equal((await ask(`${PREFIX}/cache/stats/`)).status, 404);
    assert.equal((await ask(`${PREFIX}/cache/key/`)).status, 404);
    assert.equal((await ask("/api/performancex")).status, 404);
    const patched = await ask(`${PREFIX}/cache/stats`, { method: "PATCH" });
    assert.equal(patched.status, 405);
    assert.equal(patched.headers.get("allow"), "GET, HEAD");
    const options = await ask(`${PREFIX}/tasks/x`, { method: "OPTIONS" });
    assert.equal(options.status, 405);
    assert.deepEqual(options.headers.get("allow")?.split(", ").sort(), ["DELETE", "GET", "HEAD"]);
    const viewer = await token("viewer");
    assert.equal((await ask(`${PREFIX}/nope`, { method: "POST", token: viewer })).status, 403);
    assert.equal((await ask(`${PREFIX}/nope`, { token: viewer })).status, 404);
    assert.equal(
      (await ask(`${PREFIX}/openapi.json`, { method: "POST", token: null })).status,
      405,
    );
  }));

Deno.test("HEAD answers as GET does, without a body", () =>
  withApi(async ({ ask }) => {
    const { status, text, headers } = await ask(`${PREFIX}/cache/stats`, { method: "HEAD" });
    assert.equal(status, 200);
    assert.equal(text, "");
    assert.equal(headers.get("content-type"), "application/json");
  }));

Deno.test("whoever comes with another scheme or too early is told so", () =>
  withApi(async ({ ask, token }) => {
    const { status, body } = await ask(`${PREFIX}/health`, {
      headers: { authorization: "Basic YTpi" },
    });
    assert.equal(status, 401);
    assert.match(body.detail, /send Authorization: Bearer/);
    const early = await token("viewer", { nbf: Math.floor(Date.now() / 1000) + 3_600 });
    assert.match(
      (await ask(`${PREFIX}/health`, { token: early })).body.detail,
      /compare the clocks/,
    );
  }));

Deno.test("a body is refused in the contract's order: 415, 413, 400, 422", () =>
  withApi(async ({ ask, url }) => {
    const path = `${PREFIX}/conversations/queue?priority=never`;
    const json = { "content-type": "application/json" };
    const huge = "x".repeat(2_000);
    const refused = async (body: BodyInit, headers: Record<string, string>) =>
      (await ask(path, { method: "POST", body, headers })).status;
    assert.equal(await refused(huge, { "content-type": "text/plain" }), 415);
    assert.equal(await refused("{}", { "content-type": "application/x-www-form-urlencoded" }), 415);
    assert.equal(await refused(new Blob(["{}"]), {}), 415);
    assert.equal(await refused("{}", { ...json, "content-encoding": "gzip" }), 415);
    assert.equal(await refused("{}", { ...json, "content-encoding": "identity" }), 422);
    assert.equal(await refused(huge, json), 413);
    assert.equal(await refused("{", json), 400);
    assert.equal(await refused(new Uint8Array([0x22, 0xff, 0x22]), json), 400);
    assert.equal(await refused("[".repeat(100) + "]".repeat(100), json), 400);
    assert.equal(await refused("{}", json), 422);
    assert.equal(await refused("", { "content-type": "text/plain" }), 422);
    assert.equal(await refused("{}", { "content-type": "application/vnd.x+json; a=b" }), 422);
    // Of unknown length, it is counted while it comes.
    const chunked = statusOf(
      await raw(
        url,
        `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\nContent-Type: ` +
          `application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n` +
          `7d0\r\n${huge}\r\n0\r\n\r\n`,
      ),
    );
    assert.equal(chunked, 413);
  }, { BODY_LIMIT: "1000" }));

Deno.test("a body that does not come in time is cut, and one that breaks off changes nothing", () =>
  withApi(async ({ url, ask }) => {
    const head = `POST ${PREFIX}/conversations/queue HTTP/1.1\r\nHost: x\r\nAuthorization: ` +
      `Bearer ${ADMIN}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    assert.equal(statusOf(await raw(url, `${head}Content-Length: 100\r\n\r\n{`, true)), 408);
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`;
    assert.equal(statusOf(await raw(url, chunked, true)), 408);
    assert.equal((await ask(`${PREFIX}/tasks`)).body.tasks.length, 0);
  }, { BODY_TIMEOUT_SECONDS: "1" }));

Deno.test("what is wrong with an input is said field by field", () =>
  withApi(async ({ ask }) => {
    const { status, body } = await ask(`${PREFIX}/conversations/batch`, {
      json: {
        conversations: [
          { conversation_id: "ok", user_message: "hi", bot_id: "b" },
          { conversation_id: "a\nb", user_message: "", bot_id: 7, priority: "soon" },
        ],
      },
    });
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors.map((e: { path: string }) => e.path).sort(),
      ["bot_id", "conversation_id", "priority", "user_message"].map((f) => `conversations.1.${f}`),
    );
    const saidOf = async (callback_url: string) => {
      const turn = { conversation_id: "ok", user_message: "hi", bot_id: "b", callback_url };
      return (await ask(`${PREFIX}/conversations/queue`, { json: turn })).body.errors;
    };
    assert.deepEqual(await saidOf(`https://example.com/${"x".repeat(2_048)}`), [
      { path: "callback_url", message: "must have at most 2,048 characters" },
    ]);
    assert.deepEqual(await saidOf("ftp://example.com"), [
      { path: "callback_url", message: "must be an http or https address" },
    ]);
    const query = await ask(`${PREFIX}/analytics/daily?date=2026-02-30`);
    assert.equal(query.status, 422);
    assert.equal(query.body.errors[0].path, "date");
    assert.equal((await ask(`${PREFIX}/tasks?limit=1&limit=2`)).status, 422);
    assert.equal((await ask(`${PREFIX}/tasks?limit=201`)).status, 422);
    assert.equal((await ask(`${PREFIX}/tasks?cursor=%00`)).status, 422);
    assert.equal((await ask(`${PREFIX}/tasks?unknown=1`)).status, 200);
  }));

Deno.test("a list refuses a cursor that it never gave, another list's included", () =>
  withApi(async ({ ask }) => {
    const own = {
      "/notifications": "msg_0mq1zk3a4" + "0f".repeat(6),
      "/bots": "bot~msg_0",
      "/tokens": "0d2f4a1c-7d54-4c15-9a30-4b7e1c2a9f00",
      "/sessions": "0f".repeat(32),
      "/cache/keys": "key~0f",
      "/tasks/active": "9~1~a",
      "/audit": "1-x",
      "/conversations": "1~a",
    };
    for (const [list, good] of Object.entries(own)) {
      for (const cursor of ["x", "", "0", ...Object.values(own)]) {
        const path = `${PREFIX}${list}?cursor=${encodeURIComponent(cursor)}`;
        const { status, body } = await ask(path);
        const fits = cursor === good || list === "/conversations" && cursor === "9~1~a";
        assert.equal(status, fits ? 200 : 422, `${list} ${cursor}`);
        if (!fits) assert.equal(body.errors[0].path, "cursor");
      }
    }
    const { body } = await ask(`${PREFIX}/bots?cursor=x`);
    assert.equal(body.errors[0].message, "must be the next_cursor of an earlier page");
  }));

Deno.test("an address and headers that are too long are 431, before the token is asked for", () =>
  withApi(async ({ ask }) => {
    const headers = { "x-long": "x".repeat(5_000) };
    assert.equal((await ask(`${PREFIX}/cache/stats`, { headers, token: null })).status, 431);
    assert.equal((await ask(`${PREFIX}/cache/stats`, { headers })).status, 431);
    assert.equal((await ask(`${PREFIX}/cache/key/${"k".repeat(5_000)}`)).status, 431);
    assert.equal((await ask(`${PREFIX}/cache/stats`)).status, 200);
  }, { HEADER_LIMIT: "4096" }));

Deno.test("too many requests of one token are 429, and others go on", () =>
  withApi(async ({ ask }) => {
    const asked = await Promise.all(
      Array.from({ length: 8 }, () => ask(`${PREFIX}/cache/stats`)),
    );
    const refused = asked.filter((r) => r.status === 429);
    assert.ok(refused.length >= 2 && refused.length <= 3, String(refused.length));
    assert.ok(Number(refused[0]!.headers.get("retry-after")) >= 1);
    const token = await platformToken({ sub: "other", role: "viewer" });
    assert.equal((await ask(`${PREFIX}/cache/stats`, { token })).status, 200);
  }, { RATE_LIMIT_PER_SECOND: "1", RATE_LIMIT_BURST: "5" }));

Deno.test("an address that guesses is shut out, but not who came in from it before", () =>
  withApi(async ({ ask }) => {
    const path = `${PREFIX}/cache/stats`;
    const late = await platformToken({ sub: "late", role: "viewer" });
    const before = await platformToken({ sub: "regular", role: "viewer" });
    const renewed = await platformToken({ sub: "regular", role: "viewer", jti: "2" });
    assert.equal((await ask(path)).status, 200);
    assert.equal((await ask(path, { token: before })).status, 200);
    for (let i = 0; i < 3; i++) {
      assert.equal((await ask(path, { token: `wrong ${i}` })).status, 401);
    }
    const shut = await ask(path, { token: "wrong" });
    assert.equal(shut.status, 429);
    assert.ok(shut.headers.get("retry-after"));
    assert.equal((await ask(path, { token: late })).status, 429);
    assert.equal((await ask(path, { token: renewed })).status, 200, "verified anew");
    assert.equal((await ask(path, { token: null })).status, 401);
    assert.equal((await ask(path)).status, 200);
  }, { SIGN_IN_FAILURES_PER_MINUTE: "3" }));

Deno.test("a cookie's unsafe request must come from our own pages", () =>
  withApi(async ({ ask, app, url }) => {
    const from = { address: "127.0.0.1", userAgent: "test" };
    const { cookie, session } = (await app.sessions.signIn(ADMIN, from))!;
    const clear = async (headers: Record<string, string>) =>
      (await ask(`${PREFIX}/cache/clear`, {
        method: "POST",
        token: null,
        headers: { cookie: `pixel_session=${cookie}`, ...headers },
      })).status;
    const { origin } = new URL(url);
    assert.equal(await clear({}), 403);
    assert.equal(await clear({ "sec-fetch-site": "cross-site" }), 403);
    assert.equal(await clear({ "sec-fetch-site": "same-site" }), 403);
    assert.equal(await clear({ origin: "https://evil.example" }), 403);
    assert.equal(await clear({ origin: "null" }), 403);
    assert.equal(await clear({ "x-csrf-token": "0".repeat(64), origin }), 403);
    assert.equal(await clear({ "sec-fetch-site": "same-origin" }), 200);
    assert.equal(await clear({ origin }), 200);
    assert.equal(await clear({ "x-csrf-token": session.csrf }), 200);
    const read = await ask(`${PREFIX}/cache/stats`, {
      token: null,
      headers: { cookie: `pixel_session=${cookie}`, "sec-fetch-site": "cross-site" },
    });
    assert.equal(read.status, 200);
    // The route is looked up before the origin is.
    const missing = await ask(`${PREFIX}/nope`, {
      method: "POST",
      token: null,
      headers: { cookie: `pixel_session=${cookie}` },
    });
    assert.equal(missing.status, 404);
    await app.sessions.signOut(cookie);
    assert.equal(await clear({ "x-csrf-token": session.csrf }), 401);
  }));

Deno.test("odd paths are refused with a problem, never with a failure", () =>
  withApi(async ({ url, logged }) => {
    const head =
      `HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\nConnection: close\r\n\r\n`;
    const expected: [string, number][] = [
      [`GET ${PREFIX}/tasks/%`, 400],
      [`GET ${PREFIX}/tasks/%zz`, 400],
      [`GET ${PREFIX}/tasks/%ff`, 400],
      [`GET ${PREFIX}/tasks/%00`, 404],
      [`GET ${PREFIX}/tasks/a%0Ab`, 404],
      [`GET ${PREFIX}/tasks/${"a".repeat(201)}`, 404],
      [`GET ${PREFIX}/tasks/..%2f..%2fetc`, 404],
      [`GET ${PREFIX}/../performance/tasks/x`, 404],
      [`GET ${PREFIX}/conversations//status`, 404],
      [`GET ${PREFIX}/%74asks/active`, 404],
      [`GET http://evil.example${PREFIX}/tasks/active`, 200],
      [`GET ${PREFIX}/tasks/active#frag`, 200],
      [`GET ${PREFIX}/tasks/active?%=%zz&=`, 200],
      ["OPTIONS *", 404],
      ["CONNECT x:1", 404],
      [`TRACE ${PREFIX}/tasks/active`, 405],
      [`BREW ${PREFIX}/tasks/active`, 405],
    ];
    for (const [line, status] of expected) {
      const answer = await raw(url, `${line} ${head}`);
      assert.equal(statusOf(answer), status, line);
    }
    assert.ok(!logged.some((line) => line.includes('"level":"error"')), logged.join("\n"));
  }));

Deno.test("an error tells nothing of what is inside, and the log has it without its secrets", () =>
  withApi(async ({ ask, deps, logged }) => {
    deps.bots.get = () => Promise.reject(new Error(`the database said ${ADMIN}`));
    const { status, body, text } = await ask(`${PREFIX}/bots/x`, {
      headers: { "x-request-id": "req-42" },
    });
    assert.equal(status, 500);
    assert.equal(body.request_id, "req-42");
    assert.doesNotMatch(text, /database|stack|at .*\.ts/);
    const line = logged.find((entry) => entry.includes("req-42"))!;
    assert.match(line, /the database said \[secret\]/);
    assert.ok(logged.every((entry) => !entry.includes(ADMIN)));
    const forged = await ask(`${PREFIX}/cache/stats`, { headers: { "x-request-id": "a b" } });
    assert.notEqual(forged.headers.get("x-request-id"), "a b");
  }));

Deno.test("whatever is sent to whatever route, the answer is a documented one and no failure of ours", () =>
  withApi(async ({ ask, logged }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    const assertDocumented = documentedAnswers(document);
    // A stream has no end to wait for; what else may be said of it is in the next test.
    const routes = Object.keys(ROUTE_ROLES).filter((r) => r !== "GET /events") as string[];
    const segment = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 220 }),
      fc.constantFrom("a", "..", "%2e", "__proto__", "constructor", "a/b:c", "é😀"),
    );
    const json = fc.oneof(
      fc.jsonValue(),
      fc.record({
        conversation_id: fc.oneof(segment, fc.jsonValue()),
        user_message: fc.oneof(segment, fc.jsonValue()),
        bot_id: fc.oneof(segment, fc.jsonValue()),
        name: fc.oneof(segment, fc.jsonValue()),
        pattern: fc.oneof(segment, fc.jsonValue()),
        metadata: fc.dictionary(segment, fc.jsonValue()),
        report_type: fc.constantFrom("daily", "weekly", "hourly"),
        date_range: fc.record({ start_date: segment, end_date: segment }),
      }, { requiredKeys: [] }),
    );
    const query = fc.dictionary(
      fc.constantFrom("limit", "cursor", "queue", "status", "q", "date", "wait", "from", "pattern"),
      fc.string({ unit: "binary", maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), segment, query, json, async (r, id, q, body) => {
        const [method, pattern] = r.split(" ") as [string, string];
        const path = pattern.replaceAll(/\{\w+\}/g, () => encodeURIComponent(id.toWellFormed()));
        const search = new URLSearchParams(q).toString();
        const answer = await ask(`${PREFIX}${path}?${search}`, {
          method,
          ...(method === "GET" ? {} : { json: body }),
        });
        const { status, text } = answer;
        assert.ok(status < 500, `${method} ${path} answered ${status}: ${text}`);
        assertDocumented(r, answer);
      }),
      { numRuns: 600 },
    );
    assert.ok(!logged.some((line) => line.includes('"level":"error"')));
  }));

Deno.test("whatever the stream of events is asked with, it opens as documented or says why not", () =>
  withApi(async ({ ask, url }) => {
    const { body: document } = await ask(`${PREFIX}/openapi.json`);
    const assertDocumented = documentedAnswers(document);
    const field = fc.string({ unit: "binary-ascii", maxLength: 60 })
      // deno-lint-ignore no-control-regex
      .map((text) => text.replaceAll(/[\u0000-\u001f\u007f]/g, "").trim());
    const token = fc.constantFrom(ADMIN, `${ADMIN}x`, "", null);
    const query = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(token, field, field, query, async (who, last, accept, asked) => {
        const abort = new AbortController();
        const response = await fetch(`${url}${PREFIX}/events?${new URLSearchParams(asked)}`, {
          headers: {
            ...(who === null ? {} : { authorization: `Bearer ${who}` }),
            "last-event-id": last,
            accept,
          },
          signal: abort.signal,
        });
        const { status, headers } = response;
        if (status !== 200) {
          assert.ok(status < 500);
          assertDocumented("GET /events", { status, headers, text: await response.text() });
          return;
        }
        assertDocumented("GET /events", { status, headers, text: "" });
        const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
        const { value } = await reader.read();
        assert.match(value!, /^retry: 2000\n\n/);
        if (last !== "") {
          let text = value!;
          while (!/^event: \w+\ndata: .*\n\n/m.test(text)) text += (await reader.read()).value!;
          const [, data] = /^data: (.*)\n/m.exec(text)!;
          assert.doesNotThrow(() => JSON.parse(data!));
        }
        abort.abort();
        await reader.cancel().catch(() => {});
      }),
      { numRuns: 40 },
    );
  }));
