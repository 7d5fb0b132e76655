import assert from "node:assert/strict";
import { runCommand } from "../../../tests/support/cli.ts";
import { startStandIn } from "../../../tests/support/stand_in_service.ts";
import { DEMO_BOTS, runDemo } from "./demo.ts";
import { botDefinition } from "./demo_bot.ts";
import { demoHistory } from "./history.ts";
import { People } from "./people.ts";
import { seededRandom } from "./random.ts";

const FROM = Date.parse("2026-01-05T00:00:00Z");
const UNTIL = Date.parse("2026-02-09T15:30:00Z");

function history(seed: number): string[] {
  const random = seededRandom(seed);
  return [...demoHistory({
    bots: DEMO_BOTS,
    from: FROM,
    until: UNTIL,
    people: new People(random),
    random,
  })];
}

interface Line {
  conversation_id: string;
  user_id: string;
  bot_id: string;
  status: string;
  satisfaction_score: number | null;
  messages: { role: string; content: string; at: string }[];
}

Deno.test("demo: the history is the same for the same seed, and another for another", () => {
  const once = history(7);
  assert.deepEqual(history(7), once);
  assert.notDeepEqual(history(8), once);
});

Deno.test("demo: the history is in the import format and looks like people's", () => {
  const lines = history(7).map((line) => JSON.parse(line) as Line);
  assert.equal(new Set(lines.map((line) => line.conversation_id)).size, lines.length);
  const weekdays = new Array(7).fill(0);
  for (const line of lines) {
    assert.ok(["completed", "failed"].includes(line.status));
    const last = line.messages.at(-1)!.role;
    assert.equal(last, line.status === "completed" ? "assistant" : "user");
    const times = line.messages.map(({ at }) => Date.parse(at));
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
    assert.ok(times[0]! >= FROM && times[0]! < UNTIL);
    const score = line.satisfaction_score;
    assert.ok(score === null || (Number.isInteger(score) && score >= 1 && score <= 5));
    if (line.bot_id === "clinic-reception") weekdays[new Date(times[0]!).getUTCDay()]++;
  }
  assert.ok(weekdays[1] > 2 * weekdays[0], "a clinic is busier on Mondays than on Sundays");
  const users = new Set(lines.map((line) => line.user_id)).size;
  assert.ok(users > 100 && users < lines.length / 2, "many people, most of whom come back");
});

Deno.test("demo: every bot has knowledge, paraphrases and questions beyond it", () => {
  for (const bot of DEMO_BOTS) {
    const { knowledge, intents } = botDefinition(bot);
    assert.ok(knowledge.length >= 15 && knowledge.length <= 30, bot.botId);
    assert.ok(intents.every(({ examples }) => examples.length >= 3), bot.botId);
    assert.ok(bot.entries.every(({ asks }) => asks.length >= 2), bot.botId);
    assert.ok(bot.beyond.length >= 5, bot.botId);
    const texts = bot.entries.flatMap(({ question, asks }) => [question, ...asks]);
    assert.equal(new Set([...texts, ...bot.beyond]).size, texts.length + bot.beyond.length);
  }
});

Deno.test("demo: it fills a service of its own, tells how to look at it, and leaves nothing", async () => {
  const stop = new AbortController();
  let out = "";
  let env: Record<string, string> = {};
  let standIn: ReturnType<typeof startStandIn> | undefined;
  await runDemo(
    {
      env: { DATA_DIR: "real", REDIS_URL: "redis://real", ADMIN_TOKEN: "real" },
      out: (text) => out += text,
      err: assert.fail,
      outIsTerminal: false,
      errIsTerminal: false,
      columns: 100,
      signal: stop.signal,
    },
    {
      startRedis: () => Promise.resolve(null),
      startChild: (given) => {
        env = given;
        const service = startStandIn(given.ADMIN_TOKEN);
        standIn = service;
        let answers = 0;
        service.reply = () => {
          if (++answers === 6) stop.abort(new Error("seen enough"));
          return { response: "Yes.", source: "knowledge" };
        };
        return Promise.resolve({
          url: service.url,
          kill: async () => await service[Symbol.asyncDispose](),
          stop: async () => await service[Symbol.asyncDispose](),
        });
      },
    },
    { port: 0, seed: 1, days: 30 },
  );
  assert.deepEqual(Object.keys(env).toSorted(), [
    "ADMIN_TOKEN",
    "DATA_DIR",
    "DEMO_URL",
    "HOST",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "PORT",
  ]);
  assert.notEqual(env.DATA_DIR, "real");
  await assert.rejects(Deno.stat(env.DATA_DIR!), Deno.errors.NotFound);
  const { requests, imported, asked, url } = standIn!;
  assert.deepEqual(requests.slice(0, 5), [
    ...DEMO_BOTS.map(({ botId }) => `PUT /bots/${botId}`),
    "POST /conversations/import",
  ]);
  assert.ok(imported.lines.length > 1_000);
  assert.ok(asked.size >= 5);
  assert.ok(out.includes(`${url}/sign-in?code=once`));
  assert.ok(out.includes(`curl -s ${url}/api/performance/conversations/queue`));
});

Deno.test("demo: a service that does not start leaves no folder behind", async () => {
  let folder = "";
  const run = await runCommand(["demo", "--port", "0"], {
    ports: {
      demo: {
        startRedis: () => Promise.resolve(null),
        startChild: (env) => {
          folder = env.DATA_DIR!;
          return Promise.reject(new Error("no luck"));
        },
      },
    },
  });
  assert.equal(run.exitCode, 1);
  assert.match(run.err, /^error: Error: no luck/);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});
