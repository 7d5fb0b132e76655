import assert from "node:assert/strict";
import { SignJWT } from "jose";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as tasks from "../../lib/wire/schemas/tasks.ts";
import { BOT, caller } from "../support/contract.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { TestService } from "../support/service.ts";

const turn = (conversation_id: string, user_message: string, more: object = {}) => ({
  conversation_id,
  bot_id: "bakery",
  user_id: "ada",
  user_message,
  ...more,
});
const wait = { prefer: "wait=20" };
const QUEUE = "/conversations/queue";

const expand = (...words: string[]) => words.flatMap((word) => [word, word, word]);

/** A service whose model holds back every answer until it is let go. */
async function withSlowModel(
  run: (
    service: TestService,
    model: ReturnType<typeof startOpenAIServer>,
    letGo: () => void,
  ) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using model = startOpenAIServer(() => ({ until: promise }));
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test", ...env },
  });
  await run(service, model, resolve);
}

Deno.test("a batch is taken once, answered whole, and counted", async () => {
  await using service = await TestService.start();
  const call = caller(service);
  await service.request("PUT", "/bots/bakery", BOT);
  const turns = Array.from({ length: 1_000 }, (_, n) => turn(`b-${n}`, "When do you open?"));
  const body = { batch_id: "night/1", conversations: turns };
  const post = () => call(conversations.BatchQueued, "POST", "/conversations/batch", body);
  const [{ batch_result: first }, { batch_result: again }] = await Promise.all([post(), post()]);
  assert.equal(first.queued_conversations, 1_000);
  assert.equal(new Set(first.task_ids).size, 1_000);
  assert.deepEqual(again, first, "the same batch at the same time is one batch");
  const other = { batch_id: "night/1", conversations: [turn("other", "Hello")] };
  const refused = await service.request("POST", "/conversations/batch", other);
  assert.equal(refused.status, 409);

  const path = "/conversations/batch/night%2F1/status";
  let status: string;
  do {
    const { batch_status: batch } = await call(conversations.BatchStatus, "GET", path);
    assert.equal(batch.completed + batch.failed + batch.pending, 1_000);
    status = batch.status;
    if (status === "completed") assert.equal(batch.progress_percent, 100);
  } while (status === "processing");
  assert.equal(status, "completed");
  const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
  assert.equal(metrics.status_breakdown.completed, 1_000);
  assert.deepEqual((await post()).batch_result, first, "and it stays one when it is done");
  assert.equal((await service.request("GET", "/conversations/other/status")).status, 404);
});

Deno.test("one bad item refuses a batch whole", async () => {
  await using service = await TestService.start();
  const { status, body } = await service.request("POST", "/conversations/batch", {
    conversations: [turn("1", "Hello"), turn("2", "Hello"), turn("3", "")],
  });
  assert.equal(status, 422);
  const { errors } = body as { errors: { path: string }[] };
  assert.equal(errors[0]!.path, "conversations.2.user_message");
  assert.equal((await service.request("GET", "/conversations/1/status")).status, 404);
});

Deno.test("what is urgent overtakes what is not", async () => {
  await withSlowModel(async (service, model, letGo) => {
    const call = caller(service);
    await call(conversations.TurnQueued, "POST", QUEUE, turn("first", "first"));
    await model.received(1);
    for (const n of [1, 2, 3]) {
      await call(conversations.TurnQueued, "POST", `${QUEUE}?priority=low`, turn(`l${n}`, "low"));
      await call(conversations.TurnQueued, "POST", QUEUE, turn(`n${n}`, "normal"));
      const { priority } = await call(
        conversations.TurnQueued,
        "POST",
        `${QUEUE}/priority`,
        turn(`h${n}`, "high"),
      );
      assert.equal(priority, "high");
    }
    letGo();
    await model.received(10);
    const order = model.requests.map(({ body }) => body.messages.at(-1)!.content);
    assert.deepEqual(order.toSorted(), ["first", ...expand("high", "low", "normal")].toSorted());
    // A worker names its next tasks ahead, so one normal may slip in before the latest high.
    assert.equal(order[1], "high", order.join(" "));
    assert.ok(order.lastIndexOf("high") < order.indexOf("low"), order.join(" "));
  }, { CONCURRENCY_CONVERSATIONS: "1" });
});

Deno.test("a waiting and a running turn are cancelled; what is over cannot be", async () => {
  await withSlowModel(async (service, model, letGo) => {
    const call = caller(service);
    const running = await call(conversations.TurnQueued, "POST", QUEUE, turn("a", "one"));
    await model.received(1);
    const later = await call(conversations.TurnQueued, "POST", QUEUE, turn("a", "two"));
    const { task_status: behind } = await call(tasks.TaskAnswer, "GET", `/tasks/${later.task_id}`);
    const first = behind.waiting_because.find(({ reason }) => reason === "earlier_turn");
    assert.equal(first?.task_id, running.task_id);
    const { active_tasks: active } = await call(
      tasks.ActiveTasks,
      "GET",
      "/tasks/active?queue=conversations",
    );
    assert.deepEqual(active.map(({ task_id }) => task_id), [running.task_id]);

    for (const { task_id } of [later, running]) {
      const { cancelled } = await call(tasks.TaskCancelled, "DELETE", `/tasks/${task_id}`);
      assert.equal(cancelled, true);
    }
    const { conversation_status: ended } = await call(
      conversations.ConversationStatus,
      "GET",
      "/conversations/a/status?wait=20",
    );
    assert.equal(ended.status, "failed");
    assert.equal(ended.error!.code, "cancelled");
    for (const { task_id } of [later, running]) {
      const { task_status } = await call(tasks.TaskAnswer, "GET", `/tasks/${task_id}`);
      assert.equal(task_status.status, "cancelled");
      assert.equal((await service.request("DELETE", `/tasks/${task_id}`)).status, 409);
    }
    assert.equal((await service.request("DELETE", "/tasks/no-such-task")).status, 404);
    await model.requests[0]!.left;
    letGo();
    const next = await call(conversations.TurnQueued, "POST", QUEUE, turn("a", "three"), wait);
    assert.equal(next.result!.response, "You said: three", "the conversation goes on");
    const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
    assert.equal(metrics.total_conversations, 1);
    assert.equal(metrics.status_breakdown.completed, 1);
  });
});

Deno.test("the same Idempotency-Key queues once, even at the same moment", async () => {
  await using service = await TestService.start();
  const send = (message: string) =>
    service.request("POST", QUEUE, turn("c", message), { "idempotency-key": "k-1" });
  const answers = await Promise.all(Array.from({ length: 20 }, () => send("Hello")));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ body }) => body.task_id)).size, 1);
  assert.equal((await send("Something else")).status, 409);
  await service.kill();
  await service.restart();
  const again = await send("Hello");
  assert.equal(again.body.task_id, answers[0]!.body.task_id, "a crash forgets no key");
  const { body } = await service.request("GET", "/conversations/c");
  assert.equal((body.conversation as { messages: unknown[] }).messages.length, 2);
});

Deno.test("turns of one conversation are answered in the order they came", async () => {
  await using model = startOpenAIServer((request) => ({
    // The sooner asked, the slower answered: only keeping order keeps order.
    delayMs: request.messages.at(-1)!.content.endsWith("0") ? 30 : 1,
  }));
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test" },
  });
  const call = caller(service);
  const count = 40;
  const ids: string[] = [];
  // Posted one after the other, with every priority: the order is that of the posts.
  for (let n = 0; n < count; n++) {
    const priority = ["low", "normal", "high"][n % 3];
    const path = `${QUEUE}?priority=${priority}`;
    ids.push((await call(conversations.TurnQueued, "POST", path, turn("c", `m${n}`))).task_id);
  }
  // And a crowd at once, in other conversations and in one.
  await Promise.all(
    Array.from(
      { length: 60 },
      (_, n) =>
        call(conversations.TurnQueued, "POST", QUEUE, turn(n % 3 ? "crowd" : `lone-${n}`, `x${n}`)),
    ),
  );
  for (const id of ["c", "crowd"]) {
    let status;
    do {
      ({ conversation_status: status } = await call(
        conversations.ConversationStatus,
        "GET",
        `/conversations/${id}/status?wait=20`,
      ));
    } while (status.status !== "completed");
  }
  const { conversation } = await call(conversations.ConversationAnswer, "GET", "/conversations/c");
  const said = conversation.messages.filter(({ role }) => role === "user");
  assert.deepEqual(said.map(({ content }) => content), ids.map((_, n) => `m${n}`));
  const replies = conversation.messages.filter(({ role }) => role === "assistant");
  assert.deepEqual(replies.map(({ content }) => content), ids.map((_, n) => `You said: m${n}`));
  const asked = model.requests.map(({ body }) => body.messages);
  const ofC = asked.filter((messages) => /^m\d/.test(messages.at(-1)!.content));
  assert.deepEqual(ofC.map((m) => m.at(-1)!.content), ids.map((_, n) => `m${n}`));
  const { conversation: crowd } = await call(
    conversations.ConversationAnswer,
    "GET",
    "/conversations/crowd",
  );
  const exchanged = crowd.messages.map(({ content }) => content.replace("You said: ", ""));
  assert.equal(exchanged.length, 80);
  for (let n = 0; n < exchanged.length; n += 2) assert.equal(exchanged[n], exchanged[n + 1]);
});

Deno.test("a known conversation stays with its bot and its user", async () => {
  await using service = await TestService.start();
  await service.request("POST", QUEUE, turn("c", "Hello"));
  for (const other of [{ user_id: "bob" }, { bot_id: "library" }]) {
    const { status, body } = await service.request("POST", QUEUE, turn("c", "Hello", other));
    assert.equal(status, 409, JSON.stringify(body));
  }
});

Deno.test("the platform's own tokens are taken, with the role and the subject they name", async () => {
  const secret = "what the platform signs with";
  await using service = await TestService.start({ env: { JWT_SECRET: secret } });
  const key = new TextEncoder().encode(secret);
  const sign = (claims: Record<string, unknown>, with_ = key, expires = "5m") =>
    new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime(expires).sign(with_);
  const ask = (token: string, method = "GET", path = "/health", body?: unknown) =>
    service.request(method, path, body, { authorization: `Bearer ${token}` });

  const viewer = await sign({ sub: "viola" });
  assert.equal((await ask(viewer)).status, 200);
  const body = { conversation_id: "c", bot_id: "b", user_message: "Hello" };
  assert.equal((await ask(viewer, "POST", QUEUE, body)).status, 403);
  const operator = await sign({ user_id: "otto", role: "operator" });
  assert.equal((await ask(operator, "POST", QUEUE, body)).status, 200);
  const { body: shown } = await ask(operator, "GET", "/conversations/c");
  assert.equal((shown.conversation as { user_id: string }).user_id, "otto");
  const { body: hidden } = await ask(viewer, "GET", "/conversations/c");
  const { messages } = hidden.conversation as { messages: { content: string }[] };
  assert.ok(messages.every(({ content }) => content === "[hidden]"));

  const wrong = [
    await sign({ sub: "viola" }, new TextEncoder().encode("another secret")),
    await sign({ sub: "viola" }, key, "-1m"),
    await new SignJWT({ sub: "viola" }).setProtectedHeader({ alg: "HS256" }).sign(key),
    await new SignJWT({ sub: "viola" }).setProtectedHeader({ alg: "HS512" })
      .setExpirationTime("5m").sign(key),
  ];
  for (const token of wrong) assert.equal((await ask(token)).status, 401);
});

Deno.test("the longest message is answered, and what an answer may be is given whole", async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const answer = "😀".repeat(8_000);
  const knowledge = (text: string) => ({
    name: "Bakery",
    knowledge: [{ question: "When do you open?", answer: text }],
  });
  const refused = await service.request("PUT", "/bots/bakery", knowledge(answer + "x"));
  assert.equal(refused.status, 422);
  await service.request("PUT", "/bots/bakery", knowledge(answer));
  const metadata = { k: "漢".repeat(8_000) };
  const ask = async (id: string, text: string) => {
    const body = turn(id, text, { metadata });
    return (await call(conversations.TurnQueued, "POST", QUEUE, body, wait)).result!;
  };
  assert.equal((await ask("short", "When do you open?")).response, answer);
  const longest = "😀".repeat(16_000);
  assert.deepEqual((await ask("long", longest)).metadata, metadata);
  const { conversation } = await call(
    conversations.ConversationAnswer,
    "GET",
    "/conversations/long",
  );
  assert.equal(conversation.messages[0]!.content, longest);
  const more = await service.request("POST", QUEUE, turn("more", `${longest}x`));
  assert.equal(more.status, 422);
});

Deno.test("whoever waits for a batch hears when all of it is answered", async () => {
  await withSlowModel(async (service, model, letGo) => {
    const call = caller(service);
    const turns = [turn("w-1", "one"), turn("w-2", "two")];
    const body = { batch_id: "w", conversations: turns };
    await call(conversations.BatchQueued, "POST", "/conversations/batch", body);
    await model.received(2);
    const status = (query: string) =>
      call(conversations.BatchStatus, "GET", `/conversations/batch/w/status${query}`);
    assert.equal((await status("")).batch_status.status, "processing");
    const waited = status("?wait=25");
    letGo();
    assert.equal((await waited).batch_status.status, "completed");
    const unfit = await service.request("GET", "/conversations/batch/w/status?wait=26");
    assert.equal(unfit.status, 422);
  });
});
