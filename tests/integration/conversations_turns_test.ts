import assert from "node:assert/strict";
import { ResponderError } from "../../lib/ai/responder.ts";
import { AppError } from "../../lib/errors.ts";
import { echo, gate, openDesk, turn } from "../support/conversations.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const failed = () => new ResponderError({ retryable: false, reason: "The model is gone" });
const codeOf = (error: unknown) => (error as AppError).code;

Deno.test(
  "turns posted at once to one conversation are answered one after another, in order of acceptance",
  options,
  async () => {
    let inHand = 0;
    let most = 0;
    await using desk = await openDesk({
      async answer(request) {
        most = Math.max(most, ++inHand);
        await Promise.resolve();
        const before = request.history.filter((m) => m.role === "assistant").length;
        const asked = request.history.filter((m) => m.role === "user").length;
        assert.equal(before, asked, "an earlier message has no reply yet");
        inHand--;
        return echo(request);
      },
    });
    const { conversations } = desk;
    const posts = Array.from(
      { length: 18 },
      (_, i) => conversations.submit(turn({ userMessage: `m${i}`, priority: [9, 1, 5][i % 3] })),
    );
    const posted = await Promise.all(posts);
    await desk.ended(...posted.map(({ taskId }) => taskId));
    assert.equal(most, 1);
    const view = (await conversations.get("c1"))!;
    const questions = view.messages.filter((m) => m.role === "user").map((m) => m.content);
    assert.deepEqual(desk.asked, questions);
    assert.equal(new Set(questions).size, 18);
    assert.deepEqual(
      view.messages.filter((m) => m.role === "assistant").map((m) => m.content),
      questions.map((text) => `re: ${text}`),
    );
    assert.deepEqual([view.status, view.turns, view.waiting], ["completed", 18, 0]);
    assert.deepEqual((await conversations.metrics()).breakdown, {
      pending: 0,
      processing: 0,
      completed: 1,
      failed: 0,
    });
  },
);

Deno.test(
  "of two openers of one conversation with different users, one wins and the other conflicts",
  options,
  async () => {
    await using desk = await openDesk();
    const posts = await Promise.allSettled([
      desk.conversations.submit(turn({ userId: "ada" })),
      desk.conversations.submit(turn({ userId: "bob" })),
      desk.conversations.submit(turn({ botId: "bank" })),
    ]);
    assert.equal(posts.filter((p) => p.status === "fulfilled").length, 1);
    for (const post of posts) {
      if (post.status === "rejected") assert.equal(codeOf(post.reason), "conflict");
      else await desk.ended(post.value.taskId);
    }
    assert.equal((await desk.conversations.metrics()).total, 1);
  },
);

Deno.test(
  "a hundred messages may wait in one conversation; the next is refused",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    for (let i = 0; i < 100; i++) await desk.conversations.submit(turn({ userMessage: `${i}` }));
    await assert.rejects(desk.conversations.submit(turn()), (e) => codeOf(e) === "overloaded");
    assert.equal((await desk.conversations.get("c1"))!.waiting, 100);
  },
);

Deno.test(
  "a turn cancelled in the middle lets the one behind it go on, after the one before it",
  options,
  async () => {
    const first = gate();
    await using desk = await openDesk({
      async answer(request) {
        if (request.message === "m0") await first.passed;
        return echo(request);
      },
    });
    const tasks: string[] = [];
    for (let i = 0; i < 4; i++) {
      tasks.push((await desk.conversations.submit(turn({ userMessage: `m${i}` }))).taskId);
    }
    await desk.engine.cancel(tasks[1]!, "changed their mind");
    await desk.engine.cancel(tasks[2]!, "changed their mind");
    assert.equal((await desk.conversations.status("c1"))!.status, "processing");
    first.open();
    await desk.ended(...tasks);
    assert.deepEqual(desk.asked, ["m0", "m3"]);
    const { messages } = (await desk.conversations.get("c1"))!;
    assert.deepEqual(messages.map((m) => [m.content, m.error?.code]), [
      ["m0", undefined],
      ["re: m0", undefined],
      ["m1", "cancelled"],
      ["m2", "cancelled"],
      ["m3", undefined],
      ["re: m3", undefined],
    ]);
  },
);

Deno.test(
  "a cancelled only turn makes the conversation failed, but nobody's failure",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const { taskId } = await desk.conversations.submit(turn());
    await desk.engine.cancel(taskId, "not needed");
    const status = (await desk.conversations.status("c1"))!;
    assert.deepEqual([status.status, status.error?.code], ["failed", "cancelled"]);
    const { breakdown, successRate } = await desk.conversations.metrics();
    assert.deepEqual([breakdown.failed, successRate], [1, null]);
  },
);

Deno.test(
  "a failed turn that is retried is answered, and the figures say so",
  options,
  async () => {
    let broken = true;
    await using desk = await openDesk({
      answer(request) {
        if (broken && request.message === "m0") throw failed();
        return echo(request);
      },
    });
    const { taskId } = await desk.conversations.submit(turn({ userMessage: "m0" }));
    await desk.ended(taskId);
    const status = (await desk.conversations.status("c1"))!;
    assert.equal(status.status, "failed");
    assert.match(status.error!.message, /model is gone/);
    assert.equal((await desk.conversations.metrics()).breakdown.failed, 1);
    broken = false;
    await desk.engine.retry(taskId);
    await desk.ended(taskId);
    const after = (await desk.conversations.status("c1"))!;
    assert.deepEqual([after.status, after.error, after.result?.response], [
      "completed",
      undefined,
      "re: m0",
    ]);
    assert.deepEqual((await desk.conversations.metrics()).breakdown, {
      pending: 0,
      processing: 0,
      completed: 1,
      failed: 0,
    });
  },
);

Deno.test(
  "a turn retried while an earlier one is being answered waits for it",
  options,
  async () => {
    const first = gate();
    await using desk = await openDesk({
      async answer(request) {
        if (request.message === "m0") await first.passed;
        return echo(request);
      },
    });
    const one = await desk.conversations.submit(turn({ userMessage: "m0" }));
    const two = await desk.conversations.submit(turn({ userMessage: "m1" }));
    await desk.engine.cancel(two.taskId, "by mistake");
    await desk.engine.retry(two.taskId);
    const other = await desk.conversations.submit(turn({ conversationId: "c2", userMessage: "x" }));
    await desk.ended(other.taskId);
    assert.deepEqual(desk.asked.toSorted(), ["m0", "x"]);
    first.open();
    await desk.ended(one.taskId, two.taskId);
    assert.deepEqual(desk.asked.at(-1), "m1");
    assert.equal((await desk.conversations.get("c1"))!.waiting, 0);
  },
);

Deno.test(
  "retrying an earlier failed turn leaves the latest turn's outcome alone",
  options,
  async () => {
    let broken = true;
    await using desk = await openDesk({
      answer(request) {
        if (broken && request.message === "m0") throw failed();
        return echo(request);
      },
    });
    const one = await desk.conversations.submit(turn({ userMessage: "m0" }));
    const two = await desk.conversations.submit(turn({ userMessage: "m1" }));
    await desk.ended(one.taskId, two.taskId);
    assert.equal((await desk.conversations.status("c1"))!.status, "completed");
    broken = false;
    await desk.engine.retry(one.taskId);
    await desk.ended(one.taskId);
    const { messages, status } = (await desk.conversations.get("c1"))!;
    assert.equal(status, "completed");
    assert.deepEqual(messages.map((m) => m.content), ["m0", "re: m0", "m1", "re: m1"]);
    assert.equal((await desk.conversations.metrics()).breakdown.completed, 1);
  },
);

Deno.test("feedback counts once, its change moves the mean only", options, async () => {
  await using desk = await openDesk();
  await assert.rejects(desk.conversations.feedback("c1", 4), (e) => codeOf(e) === "not_found");
  const { taskId } = await desk.conversations.submit(turn());
  await desk.ended(taskId);
  await Promise.all([1, 2, 3, 4, 5].map((score) => desk.conversations.feedback("c1", score, "ok")));
  await desk.conversations.feedback("c1", 2.5);
  const view = (await desk.conversations.get("c1"))!;
  assert.deepEqual([view.satisfaction, view.comment], [2.5, "ok"]);
  await desk.conversations.feedback("c1", 3, "");
  assert.equal((await desk.conversations.get("c1"))!.comment, undefined);
});
