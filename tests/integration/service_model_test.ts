import assert from "node:assert/strict";
import * as bots from "../../lib/wire/schemas/bots.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as tasks from "../../lib/wire/schemas/tasks.ts";
import { caller } from "../support/contract.ts";
import { type ChatRequest, type Script, startOpenAIServer } from "../support/openai_server.ts";
import { startMockLlm } from "../support/mock_llm.ts";
import { TestService } from "../support/service.ts";

const QUEUE = "/conversations/queue";
const wait = { prefer: "wait=25" };
const turn = (conversation_id: string, user_message: string, user_id = "ada", bot_id = "bot") => ({
  conversation_id,
  bot_id,
  user_id,
  user_message,
});

/** A service that asks a model which answers as the script says. */
async function withModel(
  script: (request: ChatRequest, number: number) => Script,
  run: (
    call: ReturnType<typeof caller>,
    model: ReturnType<typeof startOpenAIServer>,
  ) => Promise<void>,
): Promise<void> {
  await using model = startOpenAIServer(script);
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test-model", AI_API_KEY: "sk-very-secret-key" },
  });
  await run(caller(service), model);
  assert.ok(!service.logs.join("\n").includes("sk-very-secret-key"), "the key shows in no log");
}

Deno.test("a model that is busy is asked again when it says", async () => {
  const answers: Script[] = [{ status: 429, headers: { "retry-after": "1" } }, { status: 503 }, {}];
  const askedAt: number[] = [];
  await withModel((_request, number) => {
    askedAt.push(Date.now());
    return answers[number - 1]!;
  }, async (call, model) => {
    const queued = await call(conversations.TurnQueued, "POST", QUEUE, turn("c", "Hello"));
    await model.received(1);
    let task;
    do {
      ({ task_status: task } = await call(tasks.TaskAnswer, "GET", `/tasks/${queued.task_id}`));
    } while (task.status === "running");
    assert.equal(task.status, "retrying");
    assert.ok(task.waiting_because.length > 0);
    const { conversation_status: status } = await call(
      conversations.ConversationStatus,
      "GET",
      "/conversations/c/status?wait=25",
    );
    assert.equal(status.result!.response, "You said: Hello");
    assert.equal(status.result!.source, "llm");
    assert.equal(status.result!.model, "test-model");
    assert.equal(status.result!.tokens!.estimated, false);
    assert.ok(status.result!.tokens!.total > 0);
    assert.ok(askedAt[1]! - askedAt[0]! >= 1_000, "not before retry-after is over");
    const after = await call(tasks.TaskAnswer, "GET", `/tasks/${queued.task_id}`);
    assert.equal(after.task_status.attempt, 3);
    assert.equal(model.requests[0]!.headers.get("authorization"), "Bearer sk-very-secret-key");
  });
});

Deno.test("a refused key fails the turn at once, with a reason", async () => {
  await withModel(() => ({ status: 401 }), async (call, model) => {
    const { task_id, error } = await call(
      conversations.TurnQueued,
      "POST",
      QUEUE,
      turn("c", "Hello"),
      wait,
    );
    assert.match(error!.message, /401|key|refused|unauthor/i);
    assert.equal(model.requests.length, 1);
    const { task_status } = await call(tasks.TaskAnswer, "GET", `/tasks/${task_id}`);
    assert.equal(task_status.status, "failed");
    assert.equal(task_status.attempt, 1);
    const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
    assert.equal(metrics.status_breakdown.failed, 1);
    assert.equal(metrics.success_rate, 0);
  });
});

Deno.test("a turn that waits because the provider is not being asked says so", async () => {
  await withModel(() => ({ status: 401 }), async (call) => {
    for (let n = 0; n < 5; n++) {
      await call(conversations.TurnQueued, "POST", QUEUE, turn(`c${n}`, "Hello"), wait);
    }
    const { task_id } = await call(conversations.TurnQueued, "POST", QUEUE, turn("last", "Hello"));
    let task;
    do {
      ({ task_status: task } = await call(tasks.TaskAnswer, "GET", `/tasks/${task_id}`));
    } while (task.status === "queued" || task.status === "running");
    assert.equal(task.status, "scheduled");
    const [why] = task.waiting_because;
    assert.equal(why?.reason, "provider_down");
    assert.match(why.detail, /not being asked/);
    assert.ok(Date.parse(why.until!) > Date.now());
  });
});

Deno.test("a reply without usage has its tokens estimated", async () => {
  await withModel(() => ({ usage: null, content: "Yes." }), async (call) => {
    const { result } = await call(
      conversations.TurnQueued,
      "POST",
      QUEUE,
      turn("c", "Hello"),
      wait,
    );
    assert.equal(result!.tokens!.estimated, true);
    assert.ok(result!.tokens!.prompt > 0 && result!.tokens!.completion > 0);
  });
});

Deno.test("identical questions at the same moment are one call, where sharing is on", async () => {
  const release = Promise.withResolvers<void>();
  await withModel(() => ({ until: release.promise }), async (call, model) => {
    await call(bots.BotAnswer, "PUT", "/bots/bot", {
      name: "Bot",
      cache: "shared",
    });
    const asked = Array.from(
      { length: 30 },
      (_, n) =>
        call(conversations.TurnQueued, "POST", QUEUE, turn(`c${n}`, "Hello", `user-${n}`), wait),
    );
    await model.received(1);
    let running = 0;
    do {
      running = (await call(tasks.ActiveTasks, "GET", "/tasks/active")).task_count;
    } while (running < 30);
    release.resolve();
    const results = (await Promise.all(asked)).map(({ result }) => result!);
    assert.ok(results.every(({ response }) => response === "You said: Hello"));
    assert.equal(model.requests.length, 1);
    assert.equal(results.filter(({ cached }) => !cached).length, 1);
  });
});

/** A model that knows of each user only what stands in the messages it is sent. */
function recalling({ messages }: ChatRequest): Script {
  const told = messages.find(({ content }) => content.startsWith("My PIN is "));
  return { content: told ? `Your PIN is ${told.content.slice(10)}` : "You never told me." };
}

for (const sharing of ["user", "off", undefined] as const) {
  Deno.test(`with cache ${sharing ?? "not set"} no user reads another's answer`, async () => {
    await withModel(recalling, async (call, model) => {
      await call(bots.BotAnswer, "PUT", "/bots/bot", {
        name: "Bot",
        ...(sharing && { cache: sharing }),
      });
      const say = async (id: string, user: string, message: string) => {
        const answer = await call(
          conversations.TurnQueued,
          "POST",
          QUEUE,
          turn(id, message, user),
          wait,
        );
        return answer.result!;
      };
      const question = "What is my PIN?";
      await Promise.all([say("a", "ada", "My PIN is 1111"), say("b", "bob", "My PIN is 2222")]);
      const [ada, bob, eve] = await Promise.all([
        say("a", "ada", question),
        say("b", "bob", question),
        say("e", "eve", question),
      ]);
      assert.equal(ada.response, "Your PIN is 1111");
      assert.equal(bob.response, "Your PIN is 2222");
      assert.equal(eve.response, "You never told me.");
      // The same user, without having told it in this conversation, and once more.
      const before = model.requests.length;
      assert.equal((await say("a2", "ada", question)).response, "You never told me.");
      const again = await say("a3", "ada", question);
      assert.equal(again.response, "You never told me.");
      assert.equal(again.cached, sharing === "user");
      assert.equal(model.requests.length - before, sharing === "user" ? 1 : 2);
    });
  });
}

Deno.test("a server of others, compatible with OpenAI's, answers", async () => {
  await using model = await startMockLlm();
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "gpt-of-theirs", AI_API_KEY: "anything" },
  });
  const call = caller(service);
  const answers = await Promise.all(
    Array.from(
      { length: 10 },
      (_, n) => call(conversations.TurnQueued, "POST", QUEUE, turn(`c${n}`, `Echo ${n}`), wait),
    ),
  );
  assert.deepEqual(
    answers.map(({ result }) => result?.response),
    answers.map((_, n) => `Echo ${n}`),
  );
  assert.equal(answers[0]!.result!.model, "gpt-of-theirs");
  assert.equal(answers[0]!.result!.tokens!.estimated, true, "it reports no usage");
});
