import assert from "node:assert/strict";
import { importConversations } from "../../lib/conversations/import.ts";
import type { ImportLine } from "../../lib/conversations/import_line.ts";
import { Reports } from "../../lib/analytics/reports.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { systemClock } from "../../lib/clock.ts";
import { type Desk, openDesk, turn } from "../support/conversations.ts";

const options = { sanitizeOps: true, sanitizeResources: true };

function line(id: string, over: Partial<ImportLine> = {}): ImportLine {
  return {
    conversation_id: id,
    user_id: "ada",
    bot_id: "shop",
    status: "completed",
    messages: [
      { role: "user", content: "hi", at: "2025-03-03T10:00:00Z" },
      { role: "assistant", content: "hello", at: "2025-03-03T10:00:02Z" },
    ],
    ...over,
  };
}

function send(desk: Desk, lines: (ImportLine | string)[]) {
  const text = lines.map((l) => typeof l === "string" ? l : JSON.stringify(l)).join("\n");
  return desk.conversations.importStream(new Blob([text]).stream());
}

async function countOf(desk: Desk): Promise<[conversations: number, stored: number]> {
  const reports = new Reports({
    db: desk.db,
    clock: systemClock,
    users: new UserMonths(desk.db.kv),
    samples: { average: () => Promise.resolve({ cpu: null, memory: null, reports: 0 }) },
    names: { nameOf: () => Promise.resolve(undefined) },
  });
  const report = await reports.daily("2025-03-03");
  const { conversation_analytics } = report as unknown as {
    conversation_analytics: { total_conversations: number };
  };
  let stored = 0;
  for await (const _ of desk.db.kv.list({ prefix: ["conv", "c"] })) stored++;
  return [conversation_analytics.total_conversations, stored];
}

Deno.test(
  "an import counts exactly, duplicates inside the file and a second sending included",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const lines: ImportLine[] = [];
    for (let i = 0; i < 700; i++) lines.push(line(`i${i % 500}`, { user_id: `u${i % 7}` }));
    const first = await send(desk, lines);
    assert.deepEqual([first.imported, first.skipped, first.rejectedCount], [500, 200, 0]);
    const second = await send(desk, lines);
    assert.deepEqual([second.imported, second.skipped], [0, 700]);
    assert.deepEqual(await countOf(desk), [500, 500]);
    assert.equal((await desk.conversations.metrics()).total, 0, "not among the live ones");
  },
);

Deno.test("the same file sent three times at once is stored once", options, async () => {
  await using desk = await openDesk({ start: false });
  const lines = Array.from({ length: 300 }, (_, i) => line(`i${i}`));
  const all = await Promise.all([
    send(desk, lines),
    send(desk, lines.toReversed()),
    send(desk, lines),
  ]);
  assert.equal(all.reduce((sum, r) => sum + r.imported, 0), 300);
  assert.equal(all.reduce((sum, r) => sum + r.skipped, 0), 600);
  assert.deepEqual(await countOf(desk), [300, 300]);
});

Deno.test("odd ids are kept apart and found again", options, async () => {
  await using desk = await openDesk({ start: false });
  const ids = [
    "a/b",
    "a:b",
    " ",
    "..",
    "%2F",
    "é",
    "e\u0301",
    "💬".repeat(50),
    "x".repeat(200),
    "__proto__",
  ];
  const result = await send(desk, ids.map((id) => line(id, { user_id: id, bot_id: id })));
  assert.deepEqual([result.imported, result.rejectedCount], [ids.length, 0]);
  for (const id of ids) {
    const view = await desk.conversations.get(id);
    assert.deepEqual([view?.conversationId, view?.userId, view?.botId], [id, id, id]);
  }
  assert.deepEqual(await countOf(desk), [ids.length, ids.length]);
  const page = await desk.conversations.list(3);
  const rest = await desk.conversations.list(200, page.nextCursor);
  assert.equal(page.conversations.length + rest.conversations.length, ids.length);
});

Deno.test("long messages and long conversations come back as they were", options, async () => {
  await using desk = await openDesk({ start: false });
  const at = "2025-03-03T10:00:00Z";
  const long = "ж".repeat(70_001) + "💬".repeat(15_000) + "end";
  const many = Array.from({ length: 4_000 }, (_, i) => ({
    role: i % 2 ? "assistant" as const : "user" as const,
    content: `message ${i}`,
    at,
  }));
  await send(desk, [
    line("long", {
      messages: [{ role: "user", content: long, at }, { role: "assistant", content: "", at }],
    }),
    line("many", { messages: many }),
  ]);
  assert.deepEqual(
    (await desk.conversations.get("long"))!.messages.map((m) => m.content),
    [long, ""],
  );
  assert.deepEqual((await desk.conversations.get("many"))!.messages, many);
});

Deno.test(
  "a conversation of almost a mebibyte is stored whole, among small ones",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const at = "2025-03-03T10:00:00Z";
    const pages = Array.from({ length: 100 }, (_, i) => ({
      role: "user" as const,
      content: `${i} ` + "ä".repeat(10) + "x".repeat(10_100),
      at,
    }));
    const one = { role: "user" as const, content: "y".repeat(1_040_000), at };
    const lines = [line("s1"), line("pages", { messages: pages }), line("s2")];
    const result = await send(desk, [...lines, line("one", { messages: [one] }), line("s3")]);
    assert.deepEqual([result.imported, result.rejectedCount], [5, 0]);
    assert.deepEqual((await desk.conversations.get("pages"))!.messages, pages);
    assert.deepEqual((await desk.conversations.get("one"))!.messages, [one]);
    assert.deepEqual(await countOf(desk), [5, 5]);
  },
);

Deno.test("bad lines are named by number and leave the others alone", options, async () => {
  await using desk = await openDesk({ start: false });
  const bad = [
    "{",
    "null",
    "[]",
    JSON.stringify({ ...line("x"), status: "pending" }),
    JSON.stringify({ ...line("x"), satisfaction_score: 6 }),
    JSON.stringify({ ...line("x"), messages: [] }),
    JSON.stringify({
      ...line("x"),
      messages: [{ role: "assistant", content: "a", at: "2025-03-03T10:00:00Z" }],
    }),
    JSON.stringify({ ...line("x"), messages: [{ role: "user", content: "a", at: "yesterday" }] }),
    JSON.stringify(line("a\u0007b")),
    JSON.stringify(line("")),
    JSON.stringify(line("y".repeat(201))),
    `{"pad":"${"z".repeat(1024 * 1024)}"}`,
  ];
  const result = await send(desk, [
    line("good-1"),
    "",
    ...bad,
    "   ",
    line("good-2"),
    ...new Array(150).fill("?"),
  ]);
  assert.deepEqual([result.imported, result.skipped], [2, 0]);
  assert.equal(result.rejectedCount, bad.length + 150);
  assert.equal(result.rejected.length, 100);
  assert.deepEqual(
    result.rejected.slice(0, bad.length).map((r) => r.line),
    bad.map((_, i) => i + 3),
  );
  for (const { message } of result.rejected) assert.match(message, /\w/);
});

Deno.test("offsets, scores and orders of import lines are read as meant", options, async () => {
  await using desk = await openDesk({ start: false });
  const messages = [
    { role: "assistant" as const, content: "late", at: "2025-03-03T12:30:00+02:00" },
    { role: "user" as const, content: "early", at: "2025-03-03T10:00:00.5Z" },
    { role: "assistant" as const, content: "greeting", at: "2025-03-02T23:00:00Z" },
  ];
  await send(desk, [line("o", { messages, satisfaction_score: 3.7, bot_name: "The shop" })]);
  const view = (await desk.conversations.get("o"))!;
  assert.equal(new Date(view.startedAt).toISOString(), "2025-03-03T10:00:00.500Z");
  assert.equal(new Date(view.completedAt!).toISOString(), "2025-03-03T10:30:00.000Z");
  assert.equal(view.satisfaction, 3.7);
  assert.equal(await desk.bots.nameOf("shop"), "The shop");
});

Deno.test(
  "a live turn goes on from an imported conversation, which stays out of the live figures",
  options,
  async () => {
    await using desk = await openDesk({
      answer: ({ history, message }) => ({
        response: `${history.length} before ${message}`,
        source: "knowledge",
        intent: null,
        score: 1,
        latencyMs: 0,
        cached: false,
      }),
    });
    await send(desk, [line("i1")]);
    const { taskId } = await desk.conversations.submit(turn({ conversationId: "i1" }));
    await desk.ended(taskId);
    const view = (await desk.conversations.get("i1"))!;
    assert.deepEqual(view.messages.map((m) => m.content), [
      "hi",
      "hello",
      "hello",
      "2 before hello",
    ]);
    assert.equal((await desk.conversations.metrics()).total, 0);
  },
);

Deno.test(
  "what was committed before an import broke off is skipped when it is sent again",
  options,
  async () => {
    await using desk = await openDesk({ start: false });
    const lines = Array.from({ length: 400 }, (_, i) => JSON.stringify(line(`i${i}`)));
    async function* broken() {
      for (const text of lines.slice(0, 250)) yield await Promise.resolve(text);
      throw new Error("the sender went away");
    }
    await assert.rejects(importConversations(desk.conversations.deps, broken()), /went away/);
    const again = await send(desk, lines);
    assert.equal(again.imported + again.skipped, 400);
    assert.ok(again.skipped > 0 && again.skipped <= 250, `${again.skipped} were there`);
    assert.deepEqual(await countOf(desk), [400, 400]);
  },
);

Deno.test("lines that are none leave everybody else their turn", options, async () => {
  await using desk = await openDesk({ start: false });
  let turns = 0;
  async function* lines() {
    let over = false;
    const others = () => {
      turns++;
      if (!over) setImmediate(others);
    };
    setImmediate(others);
    for (let n = 0; n < 5_000; n++) yield await Promise.resolve("{}");
    over = true;
  }
  const { rejectedCount } = await importConversations(desk.conversations.deps, lines());
  assert.equal(rejectedCount, 5_000);
  assert.ok(turns >= 15, `others had ${turns} turns`);
});
