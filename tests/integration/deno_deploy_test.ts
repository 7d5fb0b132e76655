import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import * as bots from "../../lib/wire/schemas/bots.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as system from "../../lib/wire/schemas/system.ts";
import { caller } from "../support/contract.ts";
import { largeBot } from "../support/bots.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { assertRecounts } from "../support/recount.ts";
import { dayAhead, dayOf } from "../support/days.ts";
import { freePort } from "../support/ports.ts";
import { startInVain, TestService } from "../support/service.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const preload = `${root}tests/support/deno_deploy.ts`;
const WAIT = { prefer: "wait=60" };
/** The runtime's own: every cron comes each second. */
const EACH_SECOND = { DENO_CRON_TEST_SCHEDULE_OFFSET: "1000" };

/** The folder of the platform's database; the build that comes before a deployment is done. */
async function withPlatform(test: (folder: string) => Promise<void>): Promise<void> {
  const build = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "build"],
    cwd: root,
  })
    .output();
  assert.ok(build.success, new TextDecoder().decode(build.stderr));
  const folder = await Deno.makeTempDir({ prefix: "pixel-deploy-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function surroundings(folder: string, port: number) {
  const { deploy } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  return {
    env: {
      DENO_DEPLOYMENT_ID: "test",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      DEPLOY_TEST_KV: `${folder}/kv.sqlite`,
      PORT: "",
      DATA_DIR: "",
    },
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "--preload", preload],
      ...["--allow-net", "--allow-env", "--allow-read", `--allow-write=${folder}`],
      ...["--allow-sys", "--deny-sys=statfs", deploy.runtime.entrypoint],
    ],
  };
}

/** An isolate of a deployment; several share the database in the folder. */
function isolate(folder: string, env: Record<string, string> = {}): Promise<TestService> {
  const port = freePort();
  const { args, env: own } = surroundings(folder, port);
  return TestService.start({ port, args, env: { ...own, ...env } });
}

Deno.test("Deno Deploy: a conversation, its reports, the dashboard and health, on KV and cron alone", () =>
  withPlatform(async (folder) => {
    await using service = await isolate(folder, EACH_SECOND);
    const call = caller(service);
    await dayAhead(60_000);
    await call(bots.BotAnswer, "PUT", "/bots/shop", {
      name: "Shop",
      knowledge: [{ question: "When do you open?", answer: "At nine, every day." }],
    });
    for (const [n, user_message] of ["When do you open?", "Do penguins have knees?"].entries()) {
      const turn = { conversation_id: "first", bot_id: "shop", user_id: "ada", user_message };
      const { status, body } = await service.request<{ result?: { response: string } }>(
        "POST",
        "/conversations/queue",
        turn,
        WAIT,
      );
      assert.equal(status, 200);
      if (n === 0) assert.equal(body.result?.response, "At nine, every day.");
      assert.ok(body.result, JSON.stringify(body));
    }
    const path = `/analytics/daily?date=${dayOf(Date.now())}`;
    const day = await call(analytics.DailyAnswer, "GET", path);
    assert.equal(day.analytics.conversation_analytics.total_conversations, 1);
    assert.equal((await assertRecounts(service)).conversations, 1);

    const { health_report } = await call(system.HealthAnswer, "GET", "/health");
    const checks = new Map(health_report.checks.map((check) => [check.name, check]));
    assert.equal(checks.has("disk"), false);
    assert.match(checks.get("backups")!.detail!, /no file stays/);
    for (const name of ["database", "backups", "queues", "schedules"]) {
      assert.equal(checks.get(name)?.status, "healthy", name);
    }
    // Large enough to be trained in turns, and kept in the database.
    const { name, intents } = largeBot();
    await call(bots.BotAnswer, "PUT", "/bots/large", { name, intents });
    const turn = { conversation_id: "second", bot_id: "large", user_message: "cancel my flight" };
    const large = await service.request<{ result?: { intent: string } }>(
      "POST",
      "/conversations/queue",
      turn,
      WAIT,
    );
    assert.equal(large.body.result?.intent, "cancel_flight");

    const signIn = await fetch(`${service.url}/sign-in`, {
      method: "POST",
      body: new URLSearchParams({ token: service.token }),
      redirect: "manual",
    });
    await signIn.body?.cancel();
    const cookie = signIn.headers.get("set-cookie")!.split(";")[0]!;
    for (
      const path of ["/", "/tasks", "/conversations/first", "/analytics", "/health", "/settings"]
    ) {
      const page = await fetch(service.url + path, { headers: { cookie } });
      const html = await page.text();
      assert.equal(page.status, 200, path);
      assert.ok(!html.includes("could not be read"), path);
      assert.ok(!html.includes("<dt>Disk</dt>"), path);
      const style = /href="(\/assets\/[^"]+\.css)"/.exec(html)![1]!;
      const asset = await fetch(service.url + style);
      assert.equal(asset.status, 200);
      await asset.body?.cancel();
    }
    const erased = await service.request<{ task_id: string }>("DELETE", "/users/ada");
    assert.ok(erased.status < 300, JSON.stringify(erased.body));
    assert.equal(await service.stop(), 0);
    assert.deepEqual(service.logs.filter((line) => /"level":"error"/.test(line)), []);
  }));

Deno.test("Deno Deploy: what an isolate leaves when it is stopped is done by the cron of another", () =>
  withPlatform(async (folder) => {
    const called = Promise.withResolvers<void>();
    await using receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      called.resolve();
      return Response.json({ done: true });
    });
    const allow = { TASK_URL_ALLOW: `127.0.0.1:${receiver.addr.port}` };
    await using model = startOpenAIServer(() => ({ until: hold.promise }));
    const hold = Promise.withResolvers<void>();
    const env = { ...allow, AI_BASE_URL: model.baseUrl, AI_MODEL: "test" };
    await using first = await isolate(folder, env);
    const later = await first.request<{ task_id: string }>("POST", "/tasks", {
      name: "later",
      queue: "default",
      payload: {},
      url: `http://127.0.0.1:${receiver.addr.port}/`,
      run_at: new Date(Date.now() + 2_000).toISOString(),
    });
    assert.equal(later.status, 200, JSON.stringify(later.body));
    const turn = { conversation_id: "c", bot_id: "b", user_message: "Hello?" };
    await first.request("POST", "/conversations/queue", turn);
    await model.received(1);
    assert.equal(await first.stop("SIGINT"), 0);
    hold.resolve();

    await using second = await isolate(folder, { ...env, ...EACH_SECOND });
    await called.promise;
    await answered(second, 1);
    await assertAnswers(second, ["c"]);
    // The first gave its queues back: nobody had to wait until it was silent for long enough.
    assert.deepEqual(second.logs.filter((line) => /took over|"level":"error"/.test(line)), []);
  }));

Deno.test("Deno Deploy: an isolate that is killed loses nothing and doubles nothing", () =>
  withPlatform(async (folder) => {
    await using model = startOpenAIServer(() => ({ delayMs: 200 }));
    const env = { AI_BASE_URL: model.baseUrl, AI_MODEL: "test", CONCURRENCY_CONVERSATIONS: "5" };
    await using first = await isolate(folder, env);
    await using second = await isolate(folder, { ...env, ...EACH_SECOND });
    const ids = Array.from({ length: 40 }, (_, n) => `c${n}`);
    await Promise.all(ids.map(async (conversation_id) => {
      const turn = { conversation_id, bot_id: "b", user_message: "Hello?" };
      const { status } = await first.request("POST", "/conversations/queue", turn);
      assert.equal(status, 200);
    }));
    await model.received(10);
    await first.kill();
    await answered(second, ids.length);
    await assertAnswers(second, ids);
    assert.equal((await assertRecounts(second)).conversations, ids.length);
  }));

Deno.test("Deno Deploy: it does not start without ADMIN_TOKEN", () =>
  withPlatform(async (folder) => {
    const { args, env } = surroundings(folder, freePort());
    const { code, said } = await startInVain(env, args);
    assert.deepEqual([code, said], [
      1,
      "pixel: ADMIN_TOKEN must be set on Deno Deploy, where no file can keep one\n",
    ]);
  }));

Deno.test("Deno Deploy: a tick that finds nothing to do costs little", () =>
  withPlatform(async (folder) => {
    await using service = await isolate(folder, EACH_SECOND);
    const used = async () => {
      const line = await service.signalled("SIGUSR2", /^kv /);
      return JSON.parse(line.slice(3)) as { reads: number; writes: number; ticks: number };
    };
    const until = async (ticks: number) => {
      for (;;) {
        const now = await used();
        if (now.ticks >= ticks) return now;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const before = await until(3);
    const after = await until(before.ticks + 10);
    const each = (name: "reads" | "writes") =>
      (after[name] - before[name]) / (after.ticks - before.ticks);
    const cost = `an idle tick: ${each("reads")} reads and ${each("writes")} writes`;
    console.log(cost);
    assert.ok(each("reads") <= 150 && each("writes") <= 5, cost);
  }));

/** Resolves when so many conversations are answered. */
async function answered(service: TestService, count: number): Promise<void> {
  const call = caller(service);
  const deadline = performance.now() + 240_000;
  for (;;) {
    const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
    if (metrics.status_breakdown.completed === count) return;
    assert.ok(performance.now() < deadline, JSON.stringify(metrics));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Each conversation has its one question, and one answer to it. */
async function assertAnswers(service: TestService, ids: string[]): Promise<void> {
  for (const id of ids) {
    const { conversation } = await caller(service)(
      conversations.ConversationAnswer,
      "GET",
      `/conversations/${id}`,
    );
    assert.deepEqual(
      conversation.messages.map(({ role, content }) => [role, content]),
      [["user", "Hello?"], ["assistant", "You said: Hello?"]],
    );
  }
}
