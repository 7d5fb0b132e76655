import assert from "node:assert/strict";
import { dayAhead, dayOf } from "../support/days.ts";
import { withApi } from "./api_support.ts";

const P = "/api/performance";
const turn = (conversation_id: string, user_message = "hello") => ({
  conversation_id,
  user_message,
  bot_id: "bot",
});

Deno.test("a turn is queued, answered and shown, whatever its id is made of", () =>
  withApi(async ({ ask }) => {
    for (const id of ["c-1", "a/b:c", "é 😀", "100%", "a%2Fb", "status", "x?y#z"]) {
      const queued = await ask(`${P}/conversations/queue`, {
        json: turn(id),
        headers: { prefer: "respond-async, wait=10" },
      });
      assert.equal(queued.status, 200, queued.text);
      assert.equal(queued.body.conversation_id, id);
      assert.equal(queued.body.priority, "normal");
      assert.equal(queued.body.result.response, "You said: hello");
      const path = `${P}/conversations/${encodeURIComponent(id)}`;
      const { body } = await ask(`${path}/status`);
      assert.equal(body.conversation_status.conversation_id, id);
      assert.equal(body.conversation_status.status, "completed");
      assert.equal(body.conversation_status.task_id, queued.body.task_id);
      const shown = await ask(path);
      assert.equal(shown.body.conversation.messages[0].content, "hello");
      assert.equal(shown.body.conversation.user_id, "admin");
    }
  }));

Deno.test("priority comes from the query or the body; the priority route is always high", () =>
  withApi(async ({ ask }) => {
    const queue = `${P}/conversations/queue`;
    const of = async (path: string, json: object) => {
      const { body } = await ask(path, { json });
      const task = await ask(`${P}/tasks/${body.task_id}`);
      assert.equal(task.body.task_status.priority, body.priority);
      return body.priority;
    };
    assert.equal(await of(`${queue}?priority=low`, turn("1")), "low");
    assert.equal(await of(queue, { ...turn("2"), priority: "high" }), "high");
    assert.equal(await of(queue, { ...turn("3"), priority: null }), "normal");
    assert.equal(await of(`${queue}/priority`, { ...turn("4"), priority: "low" }), "high");
    assert.equal((await ask(`${queue}?priority=soon`, { json: turn("5") })).status, 422);
  }));

Deno.test("waiting ends with the turn, with the time, or with the service", () =>
  withApi(async ({ ask, engine, stop }) => {
    const { body } = await ask(`${P}/conversations/queue`, { json: turn("slow", "wait") });
    const status = `${P}/conversations/slow/status`;
    const waited = ask(`${status}?wait=20`);
    await engine.cancel(body.task_id, "enough");
    assert.equal((await waited).body.conversation_status.status, "failed");
    assert.equal((await ask(`${status}?wait=26`)).status, 422);

    const failed = await ask(`${P}/conversations/queue`, {
      json: turn("bad", "fail"),
      headers: { prefer: "wait=20" },
    });
    assert.equal(failed.body.error.message, "it was asked to fail");
    assert.equal(failed.body.result, undefined);

    const late = await ask(`${P}/conversations/queue`, {
      json: turn("late", "wait"),
      headers: { prefer: "wait=1" },
    });
    assert.equal(late.status, 200);
    assert.equal(late.body.result, undefined);

    // A preference is kept to as far as it goes and never refused; an address has to fit.
    const kept = async (prefer: string) => {
      const json = turn("kept");
      const { status, headers } = await ask(`${P}/conversations/queue`, {
        json,
        headers: { prefer },
      });
      assert.equal(status, 200, prefer);
      return headers.get("preference-applied");
    };
    assert.equal(await kept("wait=100"), "wait=25");
    assert.equal(await kept('respond-async, Wait="7"'), "wait=7");
    assert.equal(await kept("wait=0"), "wait=0");
    for (const none of ["wait", "wait=soon", "wait=-1", "return=minimal"]) {
      assert.equal(await kept(none), null);
    }

    const stopped = ask(`${P}/conversations/late/status?wait=25`);
    await ask(`${P}/health`);
    stop.abort();
    assert.equal((await stopped).body.conversation_status.status, "pending");
    assert.equal((await ask("/readyz")).status, 503);
  }));

Deno.test("an unknown conversation is 404 and says so in both ways, however odd its id", () =>
  withApi(async ({ ask }) => {
    for (const id of ["nobody", "x".repeat(300), "a\nb"]) {
      const path = `${P}/conversations/${encodeURIComponent(id)}/status`;
      const { status, body } = await ask(path);
      assert.equal(status, 404);
      assert.deepEqual(body.conversation_status, { conversation_id: id, status: "not_found" });
      assert.equal(body.title, "Not Found");
    }
  }));

Deno.test("a request with an Idempotency-Key queues once", () =>
  withApi(async ({ ask, token }) => {
    const path = `${P}/conversations/queue`;
    const headers = { "idempotency-key": "k1" };
    const first = await ask(path, { json: turn("c"), headers });
    const again = await Promise.all([1, 2, 3].map(() => ask(path, { json: turn("c"), headers })));
    for (const answer of again) {
      assert.deepEqual(answer.body, first.body);
      assert.equal(answer.headers.get("idempotent-replayed"), "true");
    }
    assert.equal((await ask(path, { json: turn("c", "other"), headers })).status, 409);
    assert.equal((await ask(`${path}?priority=low`, { json: turn("c"), headers })).status, 409);
    const someoneElse = await token("operator", { sub: "else" });
    const theirs = await ask(path, { json: turn("d"), headers, token: someoneElse });
    assert.equal(theirs.status, 200);
    assert.notEqual(theirs.body.task_id, first.body.task_id);
    const { body } = await ask(`${P}/tasks?queue=conversations`);
    assert.equal(body.tasks.length, 2);
    const long = { "idempotency-key": "k".repeat(256) };
    assert.equal((await ask(path, { json: turn("e"), headers: long })).status, 422);
  }));

Deno.test("a batch is taken whole or not at all, and once under a key or id", () =>
  withApi(async ({ ask }) => {
    const path = `${P}/conversations/batch`;
    const good = { conversations: [turn("1"), turn("2")] };
    const bad = { conversations: [turn("3"), { ...turn("4"), user_message: "" }] };
    assert.equal((await ask(path, { json: bad })).status, 422);
    assert.equal((await ask(path, { json: { conversations: [] } })).status, 422);
    const many = { conversations: Array.from({ length: 1_001 }, (_, i) => turn(`m${i}`)) };
    assert.equal((await ask(path, { json: many })).status, 422);
    assert.equal((await ask(`${P}/tasks`)).body.tasks.length, 0);

    const headers = { "idempotency-key": "b" };
    const first = await ask(path, { json: good, headers });
    assert.equal(first.body.batch_result.queued_conversations, 2);
    const again = await ask(path, { json: good, headers });
    assert.deepEqual(again.body, first.body);
    assert.equal((await ask(path, { json: { conversations: [turn("9")] }, headers })).status, 409);
    assert.equal((await ask(`${P}/tasks`)).body.tasks.length, 2);

    const id = first.body.batch_result.batch_id;
    const status = await ask(`${P}/conversations/batch/${id}/status`);
    assert.equal(status.body.batch_status.total_conversations, 2);
    assert.equal((await ask(`${P}/conversations/batch/nope/status`)).status, 404);
  }));

Deno.test("viewers see no content without the right to it", () =>
  withApi(async ({ ask, token }) => {
    const queued = await ask(`${P}/conversations/queue`, {
      json: turn("c", "my secret"),
      headers: { prefer: "wait=10" },
    });
    const paths = [
      `${P}/tasks/${queued.body.task_id}`,
      `${P}/tasks`,
      `${P}/conversations/c`,
      `${P}/conversations/c/status`,
      `${P}/cache/key/a/b:c`,
    ];
    const blind = await token("viewer");
    const reader = await token("viewer", { content: true });
    const operator = await token("operator");
    for (const path of paths) {
      const hidden = await ask(path, { token: blind });
      assert.equal(hidden.status, 200);
      assert.match(hidden.text, /\[hidden\]/, path);
      assert.doesNotMatch(hidden.text, /secret/, path);
      for (const token of [reader, operator]) {
        assert.match((await ask(path, { token })).text, /secret/, path);
      }
    }
    // What is hidden cannot be guessed letter by letter either.
    const found = async (q: string, token: string) =>
      (await ask(`${P}/tasks?q=${q}`, { token })).body.tasks.length;
    for (const token of [reader, operator]) assert.equal(await found("my%20secr", token), 1);
    assert.equal(await found("my%20secr", blind), 0);
    assert.equal(await found("reply", blind), 1, "names and ids are nobody's secret");
  }));

Deno.test("cache keys may hold slashes, encoded or not", () =>
  withApi(async ({ ask, cleared }) => {
    for (const key of ["a/b:c", "a%2Fb:c", "a%2Fb%3Ac"]) {
      const { body } = await ask(`${P}/cache/key/${key}`);
      assert.deepEqual([body.key, body.value], ["a/b:c", {
        text: "a secret",
        api_key: "[redacted]",
      }]);
    }
    assert.equal((await ask(`${P}/cache/key/plain`)).body.value, "1");
    for (const key of ["none", "a//b:c", "/a/b:c", "a/b:c/", "x".repeat(201)]) {
      assert.equal((await ask(`${P}/cache/key/${key}`)).status, 404, key);
    }
    const remove = () => ask(`${P}/cache/key/a/b:c`, { method: "DELETE" });
    assert.deepEqual([(await remove()).body.deleted, (await remove()).body.deleted], [true, false]);

    const clear = `${P}/cache/clear`;
    assert.deepEqual(
      (await ask(clear, { method: "POST" })).body.pattern,
      null,
    );
    await ask(clear, { json: { pattern: "body:*" } });
    await ask(`${clear}?pattern=query:*`, { method: "POST" });
    assert.equal((await ask(`${clear}?pattern=`, { method: "POST" })).status, 422);
    assert.equal((await ask(clear, { json: { pattern: "" } })).status, 422);
    assert.deepEqual(cleared, [undefined, "body:*", "query:*"]);
    const huge = (await ask(clear, { json: { pattern: "huge:*" } })).body;
    assert.equal(huge.complete, false);
    assert.equal((await ask(`${P}/tasks/${huge.task_id}`)).status, 200);
  }));

Deno.test("tasks are listed, cancelled and retried", () =>
  withApi(async ({ ask, engine }) => {
    const queue = async (id: string) =>
      (await ask(`${P}/conversations/queue`, { json: turn(id, "wait") })).body.task_id;
    const ids = [await queue("1"), await queue("2"), await queue("3")];
    const started = Promise.withResolvers<void>();
    const off = engine.events.subscribe(() => {
      if (engine.active().length === 3) started.resolve();
    });
    if (engine.active().length === 3) started.resolve();
    await started.promise;
    off();
    const active = await ask(`${P}/tasks/active?limit=2`);
    assert.equal(active.body.task_count, 3);
    assert.equal(active.body.active_tasks.length, 2);
    assert.equal(active.body.active_tasks[0].status, "running");
    const next = await ask(`${P}/tasks/active?limit=2&cursor=${active.body.next_cursor}`);
    assert.equal(next.body.active_tasks.length, 1);
    assert.equal(next.body.next_cursor, undefined);

    const cancel = () => ask(`${P}/tasks/${ids[0]}`, { method: "DELETE" });
    assert.equal((await cancel()).body.cancelled, true);
    assert.equal((await cancel()).status, 409);
    assert.equal((await ask(`${P}/tasks/nope`, { method: "DELETE" })).status, 404);
    const { body } = await ask(`${P}/tasks/${ids[0]}`);
    assert.equal(body.task_status.status, "cancelled");
    assert.equal(body.task_status.error.message, "cancelled by admin");

    const listed = await ask(`${P}/tasks?status=cancelled&limit=1`);
    assert.deepEqual(listed.body.tasks.map((t: { task_id: string }) => t.task_id), [ids[0]]);
    assert.equal((await ask(`${P}/tasks/${ids[1]}/retry`, { method: "POST" })).status, 409);
    assert.equal((await ask(`${P}/tasks/${ids[0]}/retry`, { method: "POST" })).status, 200);
  }));

Deno.test("a paused queue says who paused it, and its tasks say why they wait", () =>
  withApi(async ({ ask }) => {
    const pause = `${P}/queues/conversations/pause`;
    assert.equal((await ask(pause, { method: "PUT" })).body.paused, true);
    const { body } = await ask(`${P}/conversations/queue`, { json: turn("c") });
    const task = (await ask(`${P}/tasks/${body.task_id}`)).body.task_status;
    assert.equal(task.status, "queued");
    assert.equal(task.waiting_because[0].reason, "paused");
    const queues = (await ask(`${P}/queues`)).body.queues;
    const queue = queues.find((q: { name: string }) => q.name === "conversations");
    assert.deepEqual([queue.paused, queue.paused_by], [true, "admin"]);
    assert.deepEqual(queue.depth, { total: 1, by_status: { queued: 1 }, by_priority: { 5: 1 } });
    assert.equal((await ask(pause, { method: "DELETE" })).body.paused, false);
    assert.equal((await ask(`${P}/queues/nope/pause`, { method: "PUT" })).status, 404);
  }));

Deno.test("bots are defined and shown; schedules are shown and run", () =>
  withApi(async ({ ask }) => {
    const path = `${P}/bots/${encodeURIComponent("team/bot 1")}`;
    assert.equal((await ask(path)).status, 404);
    const json = { name: "Bot", knowledge: [{ question: "q", answer: "a" }], instructions: null };
    const put = await ask(path, { method: "PUT", json });
    assert.deepEqual(put.body.bot, {
      bot_id: "team/bot 1",
      name: "Bot",
      defined: true,
      version: 1,
      classifier: { status: "none", version: 0 },
      knowledge: json.knowledge,
      intents: [],
    });
    assert.equal((await ask(path)).body.bot.name, "Bot");
    assert.equal((await ask(`${P}/bots`)).body.bots[0].knowledge_count, 1);
    assert.equal((await ask(`${P}/bots/a%00`, { method: "PUT", json })).status, 422);
    assert.equal((await ask(`${P}/bots/a`, { method: "PUT", json: {} })).status, 422);

    const { schedules } = (await ask(`${P}/schedules`)).body;
    assert.equal(schedules[0].name, "nightly");
    const run = await ask(`${P}/schedules/nightly/run`, { method: "POST" });
    assert.equal((await ask(`${P}/tasks/${run.body.task_id}`)).status, 200);
    assert.equal((await ask(`${P}/schedules/nope/run`, { method: "POST" })).status, 404);

    const pause = `${P}/schedules/nightly/pause`;
    assert.equal((await ask(pause, { method: "PUT" })).body.paused, true);
    const [held] = (await ask(`${P}/schedules`)).body.schedules;
    assert.deepEqual([held.paused, held.paused_by], [true, "admin"]);
    assert.equal((await ask(pause, { method: "DELETE" })).body.paused, false);
    assert.equal((await ask(`${P}/schedules`)).body.schedules[0].paused, false);
    const { ticks } = (await ask(`${P}/schedules/nightly/ledger`)).body;
    assert.equal(ticks.length, 1);
    assert.deepEqual([ticks[0].kind, ticks[0].by, ticks[0].task_id], [
      "manual",
      "admin",
      run.body.task_id,
    ]);
    for (const [method, part] of [["PUT", "pause"], ["DELETE", "pause"], ["GET", "ledger"]]) {
      const { status } = await ask(`${P}/schedules/nope/${part}`, { method });
      assert.equal(status, 404, `${method} ${part}`);
    }
  }));

Deno.test("the cache's keys are browsed, and a dry run of clearing clears nothing", () =>
  withApi(async ({ ask, token, cleared }) => {
    const { keys, next_cursor } = (await ask(`${P}/cache/keys?pattern=*&limit=2`)).body;
    assert.deepEqual(keys[0], { key: "a/b:c", bytes: 5, expires_at: "1970-01-01T00:00:00.003Z" });
    assert.equal(next_cursor, "0.7");
    const away = await ask(`${P}/cache/keys?pattern=away`);
    assert.equal(away.status, 503);
    assert.ok(!JSON.stringify(away.body).includes("redis.internal"));
    assert.equal((await ask(`${P}/cache/keys?limit=1000`)).status, 422);
    const json = { pattern: "a*", dry_run: true };
    const dry = await ask(`${P}/cache/clear`, { method: "POST", json });
    assert.deepEqual([dry.body.cleared_entries, dry.body.dry_run], [2, true]);
    assert.deepEqual(cleared, []);
    const viewer = { token: await token("viewer") };
    assert.equal((await ask(`${P}/cache/keys`, viewer)).status, 200);
    assert.equal((await ask(`${P}/cache/clear`, { method: "POST", json, ...viewer })).status, 403);
    const shown = (await ask(`${P}/cache/key/plain`, viewer)).body;
    assert.deepEqual([shown.value, shown.bytes, shown.tags], ["[hidden]", 5, ["t"]]);
  }));

Deno.test("reports, clean-ups and history take their defaults and refuse nonsense", () =>
  withApi(async ({ ask }) => {
    await dayAhead(10_000);
    const yesterday = dayOf(Date.now() - 86_400_000);
    assert.equal((await ask(`${P}/analytics/daily`)).body.analytics.date, yesterday);
    assert.equal(
      (await ask(`${P}/analytics/monthly?date=2026-02-11`)).body.analytics.month,
      "2026-02",
    );
    for (const date of ["2026-13-01", "yesterday", "1969-01-01", ""]) {
      assert.equal((await ask(`${P}/analytics/weekly?date=${date}`)).status, 422, date);
    }
    const json = {
      report_type: "weekly",
      date_range: { start_date: "2026-01-01", end_date: "2026-02-01" },
    };
    const generated = await ask(`${P}/analytics/generate`, { json });
    assert.deepEqual(generated.body.date_range, json.date_range);
    assert.ok(generated.body.task_id);
    const backwards = { ...json, date_range: { start_date: "2026-02-01", end_date: "2026-01-01" } };
    assert.equal((await ask(`${P}/analytics/generate`, { json: backwards })).status, 422);

    const clean = `${P}/maintenance/cleanup`;
    assert.equal((await ask(clean, { method: "POST" })).body.cleanup_type, "all");
    assert.equal((await ask(`${clean}?cleanup_type=cache`, { method: "POST" })).status, 200);
    assert.equal((await ask(clean, { json: { cleanup_type: "dust" } })).status, 422);

    const history = `${P}/performance/history`;
    assert.equal((await ask(`${history}?metrics=score,cpu_percent`)).status, 200);
    assert.equal((await ask(`${history}?metrics=mood`)).status, 422);
    assert.equal(
      (await ask(`${history}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`)).status,
      422,
    );
  }));

Deno.test("an import is read as a stream, plain or packed", () =>
  withApi(async ({ ask }) => {
    const path = `${P}/conversations/import`;
    const lines = '{"a":1}\n{"a":2}\n';
    const packed = await new Response(
      new Blob([lines]).stream().pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    const send = (body: BodyInit, headers: Record<string, string>) =>
      ask(path, { method: "POST", body, headers });
    const type = "application/x-ndjson";
    assert.equal((await send(lines, { "content-type": type })).body.imported, 2);
    assert.equal((await send(packed, { "content-type": "application/gzip" })).body.imported, 2);
    const encoded = { "content-type": type, "content-encoding": "gzip" };
    assert.equal((await send(packed, encoded)).body.imported, 2);
    assert.equal((await send(packed.slice(0, 30), encoded)).status, 400);
    assert.equal((await send("no gzip", encoded)).status, 400);
    assert.equal((await send(lines, { "content-type": "application/json" })).status, 415);
    assert.equal(
      (await send(lines, { "content-type": type, "content-encoding": "br" })).status,
      415,
    );
    const long = "x".repeat(3_000);
    assert.equal((await send(long, { "content-type": "text/plain" })).status, 200);
  }, { BODY_LIMIT: "1000" }));
