import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { z } from "zod";
import { ResponderError } from "../../lib/ai/responder.ts";
import { dayOf, periodOf } from "../../lib/analytics/periods.ts";
import { recount } from "../../lib/analytics/recount.ts";
import { readTopUsers } from "../../lib/analytics/top_users.ts";
import { cancelTurnsOf, eraseUser, unapplied } from "../../lib/conversations/erase_user.ts";
import { FileErasureLog } from "../../lib/conversations/erasure_log.ts";
import { keptConversations } from "../../lib/conversations/kept_facts.ts";
import { declareJob } from "../../lib/jobs/definition.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { type PackedRecord, unpackRecord } from "../../lib/jobs/job_codec.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { silentLogger } from "../../lib/log.ts";
import { systemClock } from "../../lib/clock.ts";
import { restore } from "../../lib/monitoring/restore.ts";
import { eraseUserJob, eraseUserWorker, startWithErasures } from "../../workers/erase_user.ts";
import { echo, openDesk, turn } from "../support/conversations.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { RedisServer } from "../support/redis.ts";
import { TestService } from "../support/service.ts";
import { tempFolder } from "../support/temp_folder.ts";

const USER = "ada-lovelace-7391";
const SECRET = "purple-elephant-4711";
const options = { sanitizeOps: true, sanitizeResources: true };

const laterJob = declareJob({
  kind: "later",
  queue: "notifications",
  payload: z.object({ user: z.string(), status: z.string() }),
});

/** Everything that the database holds, as text. */
async function databaseText(path: string): Promise<string> {
  const kv = await Deno.openKv(path);
  try {
    let text = "";
    for await (const { key, value } of kv.list({ prefix: [] })) {
      text += JSON.stringify([key, value], (_, v) => typeof v === "bigint" ? `${v}` : v) + "\n";
    }
    return text;
  } finally {
    kv.close();
  }
}

/** Every entry of an open database, with what a job's record holds. */
async function* records(kv: Deno.Kv): AsyncGenerator<{ key: Deno.KvKey; record: unknown }> {
  for await (const { key, value } of kv.list({ prefix: [] })) {
    yield { key, record: key[0] === "job" ? unpackRecord(value as PackedRecord) : value };
  }
}

/** Everything that stands in the files of the database, in pages that are free, too. */
async function fileText(folder: string): Promise<string> {
  let text = "";
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("pixel.sqlite")) continue;
    text += new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
  }
  return text;
}

async function redisText(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const keys = await redis.keys("*");
    const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    return keys.join("\n") + values.map((v) => new TextDecoder("latin1").decode(v!)).join("\n");
  } finally {
    redis.disconnect();
  }
}

async function talk(service: TestService, receiver: string): Promise<void> {
  const turn = (conversation_id: string, user_id: string, user_message: string) => ({
    conversation_id,
    user_id,
    user_message,
    bot_id: "shop",
    metadata: { note: SECRET, who: USER },
    callback_url: `${receiver}/${SECRET}`,
  });
  for (const [id, user] of [["c1", USER], ["c2", USER], ["c3", "bob"]] as const) {
    const message = user === USER ? `I lost my ${SECRET}` : "hello";
    const body = user === USER
      ? turn(id, user, message)
      : { conversation_id: id, user_id: user, user_message: message, bot_id: "shop" };
    await service.request("POST", "/conversations/queue", body, { prefer: "wait=20" });
  }
  const { status } = await service.request("POST", "/conversations/c1/feedback", {
    satisfaction_score: 2,
    comment: SECRET,
  });
  assert.equal(status, 200);
  await service.request("POST", "/conversations/c1/handoff", { reason: SECRET });
  const line = JSON.stringify({
    conversation_id: "old",
    user_id: USER,
    bot_id: "shop",
    status: "completed",
    messages: [{ role: "user", content: SECRET, at: "2025-03-03T10:00:00Z" }],
  });
  await fetch(`${service.url}/api/performance/conversations/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.token}`, "content-type": "text/plain" },
    body: line,
  }).then((r) => r.body?.cancel());
  await service.request("GET", "/analytics/monthly?date=2025-03-03");
}

async function backUp(service: TestService): Promise<string> {
  const folder = `${service.dataDir}/backups`;
  await service.request("POST", "/schedules/backup-database/run");
  for (;;) {
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (name.endsWith(".zst")) return `${folder}/${name}`;
      }
    } catch {
      // The folder comes with the first backup.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test(
  "an erased user is nowhere: database, Redis and log; and stays so after a restore",
  options,
  async () => {
    await using redis = await RedisServer.start();
    const receiver = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response("ok"),
    );
    const address = `http://127.0.0.1:${receiver.addr.port}`;
    try {
      await using service = await TestService.start({
        env: {
          REDIS_URL: redis.url,
          ALLOW_PRIVATE_ADDRESSES: "true",
          ALERT_WEBHOOK_URL: address,
          LOG_LEVEL: "debug",
        },
      });
      await service.request("PUT", "/bots/shop", {
        name: "Shop",
        knowledge: [{ question: "I lost something", answer: "Look under the table." }],
      });
      await talk(service, address);
      const backup = await backUp(service);
      const { body: before } = await service.request<{ analytics: Record<string, unknown> }>(
        "GET",
        "/analytics/monthly?date=2025-03-03",
      );
      assert.match(JSON.stringify(before), new RegExp(USER));

      const { status, body } = await service.request<{
        complete: boolean;
        conversations: number;
        overwritten: boolean;
        backups_expire_at: string | null;
      }>("DELETE", `/users/${USER}`);
      assert.deepEqual([status, body.complete, body.conversations], [200, true, 3]);
      assert.equal(body.overwritten, true, service.logs.filter((l) => /freed/.test(l)).join());
      assert.ok(!new RegExp(`${USER}|${SECRET}`).test(await fileText(service.dataDir)));
      const days = (Date.parse(body.backups_expire_at!) - Date.now()) / 86_400_000;
      assert.ok(days > 28 && days < 30, body.backups_expire_at!);
      const { body: seen } = await service.request<{
        conversation: { user_id: string; messages: { content: string }[] };
      }>("GET", "/conversations/c1");
      assert.match(seen.conversation.user_id, /^erased-/);
      assert.equal(seen.conversation.messages[0]!.content, "[erased]");
      const { body: bob } = await service.request<{ conversation: { user_id: string } }>(
        "GET",
        "/conversations/c3",
      );
      assert.equal(bob.conversation.user_id, "bob");
      const { body: report } = await service.request<{
        analytics: { monthly_overview: { total_conversations: number; active_users: number } };
      }>("GET", "/analytics/monthly?date=2025-03-03");
      const { total_conversations, active_users } = report.analytics.monthly_overview;
      assert.deepEqual([total_conversations, active_users], [1, 1], "figures stay");
      assert.doesNotMatch(JSON.stringify(report), new RegExp(USER));

      await service.stop();
      const traces = new RegExp(`${USER}|${SECRET}`);
      const kvFile = `${service.dataDir}/pixel.sqlite`;
      const left = (await databaseText(kvFile)).split("\n").filter((line) => traces.test(line));
      assert.deepEqual(left, []);
      assert.doesNotMatch(await redisText(redis.url), traces);
      assert.deepEqual(service.logs.filter((line) => traces.test(line)), []);

      await restore({ dataDir: service.dataDir, kvFile, backup });
      assert.match(await databaseText(kvFile), traces, "the backup holds the user");
      await service.restart();
      for (;;) {
        const { body } = await service.request<{ conversation: { user_id: string } }>(
          "GET",
          "/conversations/c1",
        );
        const { body: tasks } = await service.request<{ tasks: { status: string }[] }>(
          "GET",
          "/tasks?name=erase_user&status=completed",
        );
        if (body.conversation.user_id !== USER && tasks.tasks.length > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await service.stop();
      const again = (await databaseText(kvFile)).split("\n").filter((line) => traces.test(line));
      assert.deepEqual(again, []);
    } finally {
      await receiver.shutdown();
    }
  },
);

Deno.test(
  "what failed for an erased user is erased too: dead letters, events and log",
  options,
  async () => {
    await using model = startOpenAIServer(({ messages }) => ({
      status: 400,
      raw: { error: { message: `not allowed: ${messages.at(-1)!.content}` } },
    }));
    const receiver = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response(SECRET, { status: 400 }),
    );
    try {
      await using service = await TestService.start({
        env: {
          AI_BASE_URL: model.baseUrl,
          AI_MODEL: "m",
          ALLOW_PRIVATE_ADDRESSES: "true",
          LOG_LEVEL: "debug",
        },
      });
      const { body: turn } = await service.request<{ error: { message: string } }>(
        "POST",
        "/conversations/queue",
        {
          conversation_id: "c1",
          user_id: USER,
          user_message: `I lost my ${SECRET}`,
          bot_id: "shop",
          callback_url: `http://127.0.0.1:${receiver.addr.port}/${SECRET}`,
        },
        { prefer: "wait=25" },
      );
      assert.match(turn.error.message, /refused the request/);
      for (;;) {
        const { body } = await service.request<{ tasks: { name: string }[] }>(
          "GET",
          "/tasks?status=failed",
        );
        if (body.tasks.length === 2) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { body } = await service.request<{ complete: boolean }>("DELETE", `/users/${USER}`);
      assert.equal(body.complete, true);
      const traces = new RegExp(`${USER}|${SECRET}`);
      assert.ok(!traces.test(await fileText(service.dataDir)));
      await service.stop();
      const text = await databaseText(`${service.dataDir}/pixel.sqlite`);
      assert.deepEqual(text.split("\n").filter((line) => traces.test(line)), []);
      assert.doesNotMatch(text, /not allowed/);
      assert.deepEqual(service.logs.filter((line) => traces.test(line)), []);
    } finally {
      await receiver.shutdown();
    }
  },
);

Deno.test(
  "whoever is called like something else takes nothing of it with them",
  options,
  async () => {
    await using folder = await tempFolder();
    await using desk = await openDesk();
    const { db, engine, conversations, recorder: ledger } = desk;
    // Parts of keys, statuses, fields, kinds, a bot, another's conversation, words of a text.
    const names = "jobs job conv stats c u completed kind process_conversation shop c1 hello user"
      .split(" ");
    const metadata = { channel: "conv", completed: "hello", of_users: ["jobs", "bob"] };
    await desk.bots.put("shop", {
      name: "user",
      knowledge: [{ question: "c1", answer: "hello" }],
      intents: [],
      cache: undefined,
    });
    const turns = [turn({ userId: "bob", metadata })].concat(
      names.map((name) => turn({ conversationId: `of-${name}`, userId: name })),
    );
    for (const each of turns) await desk.ended((await conversations.submit(each)).taskId);
    await engine.enqueue(laterJob, { user: "jobs", status: "completed" }, { runAt: 4e12 });

    const lines = async () => {
      const found: string[] = [];
      const text = (v: unknown) =>
        JSON.stringify(v, (_, part) => typeof part === "bigint" ? `${part}` : part) ?? "";
      for await (const { key, record } of records(db.kv)) {
        // Of those who are erased, only the places are compared.
        found.push(text(key) + (text([key, record]).includes("of-") ? "" : text(record)));
      }
      return found.filter((line) => !/^\["(jobs|stats)","(um?|users|top|events\w*)"/.test(line));
    };
    const before = await lines();
    const erasures = await FileErasureLog.open(folder.path);
    const clearAnswers = () => Promise.resolve();
    for (const name of names) {
      const hash = erasures.hash(name);
      const done = await eraseUser({ db, engine, erasures, ledger, clearAnswers }, hash);
      assert.deepEqual([name, done.conversations], [name, 1]);
    }
    const after = (await lines()).filter((line) => !/^\["conv","(erased|taken)"/.test(line));
    const pseudonym = /"erased-[^"]*"/g;
    assert.deepEqual(after.map((line) => line.replace(pseudonym, '"jobs"')), before);
    // Bob's list of users, in what he asked and was answered, and the user of the other task.
    assert.equal(after.filter((line) => line.match(pseudonym)).length, 3);
    await desk.ended((await conversations.submit(turn({ userId: "bob" }))).taskId);
  },
);

Deno.test(
  "an erasure that is cut off goes on: the same pseudonym, and no trace",
  options,
  async () => {
    await using folder = await tempFolder();
    await using desk = await openDesk();
    const { db, engine, conversations, recorder: ledger } = desk;
    const callbackUrl = `http://127.0.0.1:1/${SECRET}`;
    const { taskId } = await conversations.submit(turn({ userId: USER, callbackUrl }));
    await desk.ended(taskId);
    const erasures = await FileErasureLog.open(folder.path);
    const hash = erasures.hash(USER);
    const deps = { db, engine, erasures, ledger };
    const cut = () => Promise.reject(new Error("cut off"));
    await assert.rejects(eraseUser({ ...deps, clearAnswers: cut }, hash), /cut off/);
    const userOf = async () =>
      (await db.kv.get<{ userId: string }>(["conv", "c", "c1"])).value!.userId;
    const pseudonym = await userOf();
    assert.match(pseudonym, /^erased-/);

    await eraseUser({ ...deps, clearAnswers: () => Promise.resolve() }, hash);
    assert.equal(await userOf(), pseudonym);
    assert.notEqual((await db.kv.get(["stats", "u", pseudonym])).value, null);
    for await (const { key, record } of records(db.kv)) {
      assert.doesNotMatch(
        Deno.inspect([key, record], { depth: 20 }),
        new RegExp(`${USER}|${SECRET}`),
      );
    }
  },
);

Deno.test(
  "the most active users are exact when a pseudonym comes elsewhere among those who are level",
  options,
  async () => {
    await using folder = await tempFolder();
    const erasures = await FileErasureLog.open(folder.path);
    for (const [level, erased] of [["c", 1], ["x", 7]] as const) {
      await using desk = await openDesk();
      const { db, engine, recorder: ledger } = desk;
      const at = Date.UTC(2025, 2, 3);
      let n = 0;
      const begin = async (userId: string) => {
        const tx = new WriteSet();
        const startedAt = at + n;
        const ids = { conversationId: `c${n++}`, botId: "shop", userId };
        await ledger.submitted(tx, {
          ...ids,
          startedAt,
          at,
          first: true,
          from: null,
          live: true,
        });
        await db.commit(tx);
      };
      const users = Array.from({ length: 8 }, (_, i) => `${level}${i + 1}`);
      for (const user of users) await begin(user);
      const hash = erasures.hash(`${level}${erased}`);
      const clearAnswers = () => Promise.resolve();
      await eraseUser({ db, engine, erasures, ledger, clearAnswers }, hash);
      // After the fifth as it was, but before the one who comes after them.
      await begin(`${level}55`);
      const all = (await Array.fromAsync(db.kv.list({ prefix: ["stats", "u"] })))
        .map(({ key }) => String(key.at(-1)));
      assert.equal(all.filter((id) => id.startsWith("erased-")).length, 1);
      assert.deepEqual(
        (await readTopUsers(db.kv, periodOf("month", dayOf(at)))).map(({ userId }) => userId),
        all.sort().slice(0, 5),
      );
    }
  },
);

Deno.test(
  "cut off at any commit, with the user back: conversations and figures tell of the same users",
  options,
  async () => {
    await using folder = await tempFolder();
    const erasures = await FileErasureLog.open(folder.path);
    const hash = erasures.hash(USER);
    let cutOff = true;
    for (let at = 1; cutOff; at++) {
      const clock = { ...systemClock, now: () => now };
      let now = Date.UTC(2026, 0, 15, 10);
      await using desk = await openDesk({ clock });
      const { db, engine, recorder: ledger } = desk;
      const ask = async (conversationId: string) => {
        const sent = turn({ conversationId, userId: USER });
        await desk.ended((await desk.conversations.submit(sent)).taskId);
      };
      for (let month = 0; month < 3; month++) {
        now = Date.UTC(2026, month, 15, 10);
        await ask(`c${month}`);
      }
      now += 5 * 86_400_000;
      const deps = { db, engine, erasures, ledger, clearAnswers: () => Promise.resolve() };
      const commit = db.commit.bind(db);
      let commits = 0;
      db.commit = (tx) => ++commits < at ? commit(tx) : Promise.reject(new Error("cut off"));
      cutOff = await eraseUser(deps, hash).then(() => false, () => true);
      db.commit = commit;
      await ask("back");
      await eraseUser(deps, hash);
      const { differences } = await recount(db.kv, {
        conversations: () => keptConversations(db.kv),
      });
      assert.deepEqual([at, differences], [at, []]);
    }
  },
);

Deno.test(
  "a second erasure that was given up is asked for again at the start",
  options,
  async () => {
    await using folder = await tempFolder();
    await using desk = await openDesk();
    const { db, engine, conversations, recorder: ledger } = desk;
    const erasures = await FileErasureLog.open(folder.path);
    const hash = erasures.hash(USER);
    await erasures.add(hash);
    const deps = { db, engine, erasures, ledger };
    const clearAnswers = () => Promise.resolve();
    assert.deepEqual(await unapplied(db, erasures), [hash]);
    await eraseUser({ ...deps, clearAnswers }, hash);
    assert.deepEqual(await unapplied(db, erasures), []);
    const { taskId } = await conversations.submit(turn({ userId: USER }));
    await desk.ended(taskId);
    const cut = () => Promise.reject(new Error("cut off"));
    await assert.rejects(eraseUser({ ...deps, clearAnswers: cut }, hash), /cut off/);
    assert.deepEqual(await unapplied(db, erasures), [hash]);
    await eraseUser({ ...deps, clearAnswers }, hash);
    assert.deepEqual(await unapplied(db, erasures), []);
  },
);

Deno.test("what is counted of a turn that was tried again stays known", options, async () => {
  await using folder = await tempFolder();
  let fails = true;
  await using desk = await openDesk({
    answer(request) {
      if (fails) throw new ResponderError({ retryable: false, reason: "refused" });
      return echo(request);
    },
  });
  const { db, engine, conversations, recorder: ledger } = desk;
  const { taskId } = await conversations.submit(turn({ userId: USER }));
  await desk.ended(taskId);
  fails = false;
  await engine.retry(taskId);
  await desk.ended(taskId);
  const erasures = await FileErasureLog.open(folder.path);
  const hash = erasures.hash(USER);
  const clearAnswers = () => Promise.resolve();
  await eraseUser({ db, engine, erasures, ledger, clearAnswers }, hash);
  const { turns, differences } = await recount(db.kv, {
    conversations: () => keptConversations(db.kv),
  });
  assert.equal(turns, 2);
  assert.deepEqual(differences, []);
});

Deno.test("open turns of the erased are cancelled before anything works", options, async () => {
  await using folder = await tempFolder();
  await using desk = await openDesk({ start: false });
  await desk.engine.load();
  const { db, engine } = desk;
  const mine = await desk.conversations.submit(turn({ userId: USER }));
  const next = await desk.conversations.submit(turn({ userId: USER }));
  const other = await desk.conversations.submit(turn({ conversationId: "c2", userId: "bob" }));
  const erasures = await FileErasureLog.open(folder.path);
  await cancelTurnsOf({ db, engine, erasures }, new Set([erasures.hash(USER)]));
  await engine.start();
  await desk.ended(mine.taskId, next.taskId, other.taskId);
  assert.equal((await desk.conversations.status("c1"))!.error!.code, "cancelled");
  assert.equal((await desk.conversations.status("c2"))!.status, "completed");
  assert.equal(desk.asked.length, 1);
});

Deno.test(
  "an erasure whose process dies again and again goes on at the next start",
  options,
  async () => {
    await using folder = await tempFolder();
    await using desk = await openDesk();
    const { db, recorder: ledger } = desk;
    await desk.ended((await desk.conversations.submit(turn({ userId: USER }))).taskId);
    await desk.engine.stop();
    const erasures = await FileErasureLog.open(folder.path);
    const hash = erasures.hash(USER);
    await erasures.add(hash);
    await using engines = new AsyncDisposableStack();
    /** A process that takes over from the one before, which is then as good as dead. */
    const start = async (worker: string, clearAnswers: () => Promise<unknown>) => {
      const queues = { conversations: 1, notifications: 1, maintenance: 1 };
      const engine = new JobEngine({ db, clock: systemClock, log: silentLogger, queues, worker });
      engines.defer(() => engine.stop(0));
      const overwriteFreed = () => Promise.resolve(true);
      const deps = { db, engine, erasures, ledger, clearAnswers, overwriteFreed };
      engine.register(eraseUserWorker(deps));
      await startWithErasures({ db, erasures, engine }, () => engine.start());
      return engine;
    };
    for (const worker of ["a", "b", "c"]) {
      const { promise: underWay, resolve } = Promise.withResolvers<void>();
      await start(worker, () => (resolve(), new Promise(() => {})));
      await underWay;
    }
    const engine = await start("d", () => Promise.resolve());
    const { jobs } = await engine.list({ kind: eraseUserJob.kind, limit: 5 });
    assert.deepEqual(jobs.map(({ errors }) => errors?.at(-1)?.code), [undefined, "crashed"]);
    assert.equal(await engine.whenEnded(jobs[0]!.id, 20_000), true);
    assert.equal((await engine.get(jobs[0]!.id))?.state, "completed");
    assert.deepEqual(await unapplied(db, erasures), []);
  },
);

Deno.test(
  "what an erased user had asked is not answered when a restore brings it back",
  options,
  async () => {
    let hold = true;
    await using model = startOpenAIServer(() => ({
      until: hold ? new Promise(() => {}) : undefined,
    }));
    await using service = await TestService.start({
      env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "m" },
    });
    await service.request("POST", "/conversations/queue", {
      conversation_id: "c1",
      user_id: USER,
      user_message: SECRET,
      bot_id: "shop",
    });
    await model.received(1);
    const backup = await backUp(service);
    const { body } = await service.request<{ complete: boolean }>("DELETE", `/users/${USER}`);
    assert.equal(body.complete, true);
    await service.stop();
    hold = false;
    await restore({
      dataDir: service.dataDir,
      kvFile: `${service.dataDir}/pixel.sqlite`,
      backup,
    });
    await service.restart();
    for (;;) {
      const { body } = await service.request<{ tasks: unknown[] }>(
        "GET",
        "/tasks?name=erase_user&status=completed",
      );
      if (body.tasks.length > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { body: after } = await service.request<{
      conversation_status: { status: string; error: { code: string } };
    }>("GET", "/conversations/c1/status");
    assert.equal(after.conversation_status.error.code, "cancelled");
    assert.equal(model.requests.length, 1);
  },
);
