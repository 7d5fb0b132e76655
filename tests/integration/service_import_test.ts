import assert from "node:assert/strict";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import { caller } from "../support/contract.ts";
import { randomFor, rounds } from "../support/randomness.ts";
import { TestService } from "../support/service.ts";
import { modelDaily, modelMonthly, modelWeekly, type RawConversation } from "./analytics_model.ts";

const DAY_MS = 86_400_000;
const FROM = Date.UTC(2025, 10, 17);
const DAYS = 75;

interface Line {
  conversation_id: string;
  user_id: string;
  bot_id: string;
  status: "completed" | "failed";
  satisfaction_score?: number | null;
  messages: { role: "user" | "assistant"; content: string; at: string }[];
}

/** Conversations of made-up people: some come back, some weeks are quiet, one is empty. */
function madeUp(count: number): Line[] {
  const random = randomFor("import");
  return Array.from({ length: count }, (_, n) => {
    let day = random.between(0, DAYS - 1);
    if (day >= 28 && day < 35) day -= 28;
    const at = FROM + day * DAY_MS + random.between(0, DAY_MS - 1);
    const turns = random.between(1, 5);
    const messages = Array.from({ length: turns * 2 }, (_, index) => ({
      role: index % 2 ? "assistant" as const : "user" as const,
      content: `message ${n} ${index}`,
      at: new Date(at + index * 20_000).toISOString(),
    }));
    const score = random.pick([undefined, null, random.between(10, 50) / 10]);
    return {
      conversation_id: `made/up:${n}`,
      user_id: `user ${random.between(1, 10 + day)}`,
      bot_id: `bot-${random.between(1, 8)}`,
      status: random.chance(0.1) ? "failed" as const : "completed" as const,
      ...(score === undefined ? {} : { satisfaction_score: score }),
      messages: random.chance(0.5) ? messages : messages.toReversed(),
    };
  });
}

function rawOf(line: Line): RawConversation {
  const asked = line.messages.filter(({ role }) => role === "user").map(({ at }) => Date.parse(at));
  return {
    botId: line.bot_id,
    userId: line.user_id,
    startedAt: Math.min(...asked),
    status: line.status,
    messages: line.messages.length,
    score: line.satisfaction_score ?? null,
  };
}

function importer(service: TestService) {
  return async (body: BodyInit, headers: Record<string, string>) => {
    const response = await fetch(`${service.url}/api/performance/conversations/import`, {
      method: "POST",
      headers: { authorization: `Bearer ${service.token}`, ...headers },
      body,
    });
    return { status: response.status, body: await response.json() };
  };
}

const text = (lines: unknown[]) =>
  lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n") + "\n";
const packed = (lines: unknown[]) =>
  new Response(new Blob([text(lines)]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();

/** Every report of the span, as it is served and as the contract's definitions give it. */
async function assertReports(service: TestService, raw: RawConversation[]): Promise<void> {
  const report = async (kind: string, at: number) => {
    const path = `/analytics/${kind}?date=${new Date(at).toISOString().slice(0, 10)}`;
    const answer = await service.request<{ analytics: Record<string, unknown> }>("GET", path);
    const { analytics } = answer.body;
    assert.equal(analytics.partial, false);
    const others = ["generated_at", "data_as_of", "partial", "revision", "system_performance"];
    return Object.fromEntries(Object.entries(analytics).filter(([name]) => !others.includes(name)));
  };
  for (let day = -1; day <= DAYS; day++) {
    const at = FROM + day * DAY_MS;
    const date = new Date(at);
    assert.deepEqual(await report("daily", at), modelDaily(raw, date));
    if (day % 7 === 3) {
      assert.deepEqual(await report("weekly", at), modelWeekly(raw, date, Date.now()));
    }
    if (date.getUTCDate() === 15) {
      assert.deepEqual(await report("monthly", at), modelMonthly(raw, date, Date.now()));
    }
  }
}

Deno.test("history comes in plain, packed, broken and twice; the reports are exact each time", async () => {
  await using service = await TestService.start();
  const send = importer(service);
  const lines = madeUp(rounds(600, 20_000));
  const some = lines.slice(0, lines.length / 2);

  const first = await send(text(some), { "content-type": "application/x-ndjson" });
  assert.equal(first.status, 200);
  const { imported, skipped, rejected_count } = conversations.ImportAnswer.parse(first.body);
  assert.deepEqual([imported, skipped, rejected_count], [some.length, 0, 0]);
  await assertReports(service, some.map(rawOf));

  const broken = [
    "no json",
    '{"conversation_id":""}',
    JSON.stringify({ ...lines[0], status: "?" }),
  ];
  const mixed = [broken[0], ...lines, broken[1], "", broken[2]];
  const second = await send(await packed(mixed), {
    "content-type": "application/x-ndjson",
    "content-encoding": "gzip",
  });
  assert.equal(second.body.imported, lines.length - some.length);
  assert.equal(second.body.skipped, some.length);
  assert.equal(second.body.rejected_count, 3);
  assert.deepEqual(
    second.body.rejected.map(({ line }: { line: number }) => line),
    [1, lines.length + 2, lines.length + 4],
  );
  await assertReports(service, lines.map(rawOf));

  const third = await send(await packed(lines), { "content-type": "application/gzip" });
  assert.deepEqual([third.body.imported, third.body.skipped], [0, lines.length]);
  await service.kill();
  await service.restart();
  await assertReports(service, lines.map(rawOf));

  const call = caller(service);
  const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
  assert.equal(metrics.total_conversations, 0, "imported conversations are not live ones");
  const line = lines[7]!;
  const { conversation } = await call(
    conversations.ConversationAnswer,
    "GET",
    `/conversations/${encodeURIComponent(line.conversation_id)}`,
  );
  assert.deepEqual(
    conversation.messages.map(({ content }) => content),
    line.messages.map(({ content }) => content),
  );
});

Deno.test("an import that is no import is refused with the reason", async () => {
  await using service = await TestService.start();
  const send = importer(service);
  const [line] = madeUp(1);
  const refused: [BodyInit, Record<string, string>, number][] = [
    [text([line]), { "content-type": "application/json" }, 415],
    ["not gzip at all", { "content-type": "application/gzip" }, 400],
    [(await packed([line])).slice(0, 40), { "content-type": "application/gzip" }, 400],
    [text([line]), { "content-type": "text/plain", "content-encoding": "br" }, 415],
  ];
  for (const [body, headers, status] of refused) {
    const answer = await send(body, headers);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.status, status);
  }
  // Some of these break a second time, when nobody listens, which must not end the process.
  const cut = (await packed([line])).slice(0, 40);
  for (let n = 0; n < 60; n++) {
    assert.equal((await send(cut, { "content-type": "application/gzip" })).status, 400);
  }
  const long = { ...line, bot_name: "x".repeat(1_100_000) };
  const answer = await send(text([long, line]), { "content-type": "text/plain" });
  assert.equal(answer.body.imported, 1);
  assert.equal(answer.body.rejected[0].line, 1);
});

Deno.test("gzip in several members is one import", async () => {
  await using service = await TestService.start();
  const lines = madeUp(6);
  const members = [await packed(lines.slice(0, 3)), await packed(["", ...lines.slice(3)])];
  const answer = await importer(service)(new Blob(members as BlobPart[]), {
    "content-type": "application/gzip",
  });
  assert.equal(answer.body.imported, 6, JSON.stringify(answer.body));
});

Deno.test("an import ends when its token is revoked; what it imported stays, the next one resumes", async () => {
  await using service = await TestService.start();
  const lines = madeUp(300);
  for (const [encoding, from] of [["identity", 0], ["gzip", 150]] as const) {
    const part = lines.slice(from, from + 150);
    const made = await service.request<{ token: string; token_info: { token_id: string } }>(
      "POST",
      "/tokens",
      { name: "importer", role: "operator" },
    );
    const { token, token_info: { token_id: id } } = made.body;
    // All lines come, and the body does not end: nothing more is read, and nothing tells of it.
    const plain = new TransformStream<Uint8Array, Uint8Array>();
    const writer = plain.writable.getWriter();
    const bytes = encoding === "gzip"
      ? (await packed(part)).slice(0, -12)
      : new TextEncoder().encode(text(part));
    void writer.write(bytes).catch(() => {});
    const answer = fetch(`${service.url}/api/performance/conversations/import`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/x-ndjson",
        "content-encoding": encoding,
      },
      body: plain.readable,
    });
    const first = `/conversations/${encodeURIComponent(part[0]!.conversation_id)}/status`;
    while ((await service.request("GET", first)).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await service.request("DELETE", `/tokens/${id}`)).status, 200);
    const ended = await answer;
    assert.equal(ended.status, 401);
    assert.match((await ended.json()).detail, /The token ended meanwhile/);
    await writer.abort().catch(() => {});
    const again = await importer(service)(text(part), { "content-type": "application/x-ndjson" });
    assert.equal(again.status, 200);
    assert.equal(again.body.imported + again.body.skipped, 150);
    assert.ok(again.body.skipped > 0 && again.body.imported > 0, JSON.stringify(again.body));
  }
  await assertReports(service, lines.map(rawOf));
});
