// deno-lint-ignore-file no-explicit-any
import assert from "node:assert/strict";
import { startService } from "../../service.ts";
import { freePort } from "../support/ports.ts";

const TOKEN = "the-admin-token-of-these-tests";
/** Names that an object has before anybody gave it any, and one that changes its prototype. */
const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
const POISON = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
const DAY = "2026-01-05";

/** What everything inherits from, as it is now. */
function inherited(): unknown {
  const from = [Object, Array, Function, String, Number, Boolean, Map, Set, Promise, Error];
  return from.map(({ name, prototype }) => [name, Reflect.ownKeys(prototype).map(String).sort()]);
}

/** The whole service in this process, where what it does to built-in objects shows. */
async function withService(
  run: (
    ask: (method: string, path: string, body?: BodyInit, type?: string) => Promise<any>,
  ) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "pixel-names-" });
  const service = await startService({
    PORT: String(freePort()),
    DATA_DIR: dir,
    ADMIN_TOKEN: TOKEN,
    LOG_LEVEL: "error",
    TASK_URL_ALLOW: "tasks.example",
  });
  try {
    await run(async (method, path, body, type = "application/json") => {
      const response = await fetch(`${service.url}/api/performance${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": type }),
        },
        body,
      });
      const answer = await response.json();
      assert.ok(response.status < 500, `${method} ${path}: ${JSON.stringify(answer)}`);
      return answer;
    });
  } finally {
    await service.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

const line = (name: string, n: number) =>
  JSON.stringify({
    conversation_id: `${name}:${n}`,
    user_id: name,
    bot_id: name,
    bot_name: name,
    status: "completed",
    satisfaction_score: 4,
    messages: [
      { role: "user", content: name, at: `${DAY}T10:00:00Z` },
      { role: "assistant", content: "so", at: `${DAY}T10:00:01Z` },
    ],
  });

Deno.test("nothing that is sent changes what objects inherit", () =>
  withService(async (ask) => {
    const before = inherited();
    const turn = `"conversation_id":"c","user_message":"hi","bot_id":"b"`;
    const bodies: [string, string, string][] = [
      ["POST", "/conversations/queue", `{${turn},"metadata":${POISON},${POISON.slice(1)}`],
      ["POST", "/conversations/batch", `{"conversations":[{${turn},"metadata":${POISON}}]}`],
      ["PUT", "/bots/b", `{"name":"B","intents":[],"knowledge":[],${POISON.slice(1)}`],
      [
        "POST",
        "/tasks",
        `{"name":"n","queue":"default","url":"https://tasks.example/","payload":${POISON},` +
        `"run_at":"2099-01-01T00:00:00Z"}`,
      ],
      ["POST", "/cache/clear", POISON],
      ["POST", "/maintenance/cleanup", POISON],
      ["POST", "/analytics/generate", POISON],
      ["POST", "/tokens", `{"name":"n","role":"viewer",${POISON.slice(1)}`],
      ["POST", "/conversations/c/feedback", `{"satisfaction_score":3,${POISON.slice(1)}`],
    ];
    for (const [method, path, body] of bodies) await ask(method, path, body);
    const imported = `${POISON.slice(0, -1)},${line("import", 1).slice(1)}\n${POISON}\n`;
    await ask("POST", "/conversations/import", imported, "application/x-ndjson");
    const query = NAMES.map((name) => `${name}=1&${name}[polluted]=1&${name}.polluted=1`).join("&");
    const paths = ["/tasks", "/conversations", "/analytics/daily", "/performance/history"];
    for (const path of paths) await ask("GET", `${path}?${query}`);
    for (const name of NAMES) {
      for (const path of ["/tasks/", "/bots/", "/conversations/", "/cache/key/"]) {
        await ask("GET", path + name);
      }
      for (const path of [`/queues/${name}/pause`, `/queues/${name}/limits`]) {
        await ask("PUT", path, POISON);
      }
      await ask("POST", `/schedules/${name}/run`, POISON);
      await ask("POST", `/alerts/${name}/acknowledge`, POISON);
    }
    assert.deepEqual(inherited(), before);
    assert.equal(({} as any).polluted, undefined);
    const { task_status } = await ask("GET", `/conversations/c/status?wait=20`)
      .then(({ conversation_status }) => ask("GET", `/tasks/${conversation_status.task_id}`));
    assert.equal(Object.getPrototypeOf(task_status.result).polluted, undefined);
  }));

Deno.test("whoever is named as something built in is counted and answered like anybody", () =>
  withService(async (ask) => {
    for (const name of NAMES) {
      const path = `/bots/${name}`;
      const intents = [{ name, examples: ["greetings to you"], answer: `${name} greets` }];
      const knowledge = [{ question: `What is ${name}?`, answer: `It is ${name}.` }];
      const put = await ask("PUT", path, JSON.stringify({ name, knowledge, intents }));
      assert.equal(put.bot?.bot_id, name, JSON.stringify(put));
      const turn = {
        conversation_id: name,
        user_id: name,
        bot_id: name,
        user_message: "greetings",
      };
      const metadata = `{"__proto__":{"a":1},"constructor":"${name}"}`;
      const body = JSON.stringify(turn).slice(0, -1) + `,"metadata":${metadata}}`;
      await ask("POST", "/conversations/queue", body);
      const { conversation_status } = await ask("GET", `/conversations/${name}/status?wait=20`);
      assert.equal(conversation_status.status, "completed");
      assert.equal(conversation_status.result.bot_id, name);
      assert.deepEqual(conversation_status.result.metadata, { constructor: name });
    }
    const lines = NAMES.flatMap((name) => [line(name, 1), line(name, 2)]).join("\n");
    const { imported } = await ask("POST", "/conversations/import", lines, "application/x-ndjson");
    assert.equal(imported, 2 * NAMES.length);

    const { analytics: daily } = await ask("GET", `/analytics/daily?date=${DAY}`);
    assert.equal(daily.conversation_analytics.total_conversations, 2 * NAMES.length);
    assert.equal(daily.user_engagement.active_users, NAMES.length);
    const counted = daily.bot_performance.bot_statistics.map((row: any) => [
      row.bot_id,
      row.bot_name,
      row.conversation_count,
      row.average_satisfaction,
    ]);
    assert.deepEqual(counted.sort(), NAMES.map((name) => [name, name, 2, 4]).sort());
    const { analytics: monthly } = await ask("GET", `/analytics/monthly?date=${DAY}`);
    for (const { user_id, conversation_count } of monthly.top_performers.most_active_users) {
      assert.ok(NAMES.includes(user_id));
      assert.equal(conversation_count, 2);
    }
    const { bots } = await ask("GET", "/bots");
    const listed = bots.map((bot: any) => bot.bot_id);
    for (const name of NAMES) assert.ok(listed.includes(name), name);
    const { analytics: range } = await ask("GET", `/analytics/range?from=${DAY}&to=${DAY}&by=bot`);
    assert.deepEqual(range.rows.map((row: any) => row.bot_id).sort(), NAMES.toSorted());
  }));
