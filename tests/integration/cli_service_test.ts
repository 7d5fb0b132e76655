import assert from "node:assert/strict";
import { recorded, runCommand, writeConversations } from "../support/cli.ts";
import { BOT } from "../support/contract.ts";
import { TestService } from "../support/service.ts";

const TALKS = Array.from(
  { length: 30 },
  (_, n) => ({
    ...recorded(`t${n}`, "When do you open?", `Something else ${n}`),
    user_id: `user-${n % 7}`,
  }),
);

async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await writeConversations(`${folder}/talks.ndjson.gz`, TALKS);
    await use(`${folder}/talks.ndjson.gz`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("import and replay of one file: history stays as it was, live traffic comes on top", async () => {
  await using service = await TestService.start();
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
  await service.request("PUT", "/bots/bakery", BOT);
  await withFile(async (path) => {
    const first = await runCommand(["import", path, "--json"], { env });
    assert.equal(first.exitCode, 0, first.err);
    assert.deepEqual(JSON.parse(first.out), {
      imported: 30,
      skipped: 0,
      rejected: [],
      rejected_count: 0,
    });
    const again = await runCommand(["import", path], { env });
    assert.match(again.out, /^0 imported, 30 were already there$/m);

    const history = () => service.request("GET", "/analytics/daily?date=2026-01-05");
    const stable = (body: Record<string, unknown>) => {
      const { conversation_analytics, user_engagement, bot_performance } = body
        .analytics as Record<string, unknown>;
      return { conversation_analytics, user_engagement, bot_performance };
    };
    const before = stable((await history()).body);
    const run = await runCommand(["replay", path, "--json"], { env });
    assert.equal(run.exitCode, 0, run.err);
    const summary = JSON.parse(run.out);
    assert.deepEqual([summary.sent, summary.answered, summary.failed], [60, 60, 0]);
    const bySource = summary.sources.map((row: { source: string; turns: number }) =>
      `${row.source} ${row.turns}`
    );
    assert.deepEqual(bySource.toSorted(), ["knowledge 30", "none 30"]);
    assert.deepEqual(stable((await history()).body), before);
    const { body } = await service.request("GET", "/conversations/metrics");
    assert.equal((body.metrics as { total_conversations: number }).total_conversations, 30);
    const twice = JSON.parse((await runCommand(["replay", path, "--json"], { env })).out);
    assert.deepEqual([twice.answered, twice.answered_earlier], [60, 60]);
    const { body: same } = await service.request("GET", "/conversations/metrics");
    assert.equal((same.metrics as { total_conversations: number }).total_conversations, 30);
  });
});

Deno.test("without a token, with a wrong one, or with nobody there, a command says what to do", async () => {
  await using service = await TestService.start();
  await withFile(async (path) => {
    const wrong = await runCommand(["import", path], {
      env: { PIXEL_URL: service.url, PIXEL_TOKEN: "not-the-token-of-this" },
    });
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.err, /PIXEL_TOKEN/);
    const none = await runCommand(["import", path], {
      env: { PIXEL_URL: service.url, DATA_DIR: "/nowhere" },
    });
    assert.equal(none.exitCode, 1);
    assert.match(none.err, /PIXEL_TOKEN/);
    const gone = await runCommand(["replay", path, "--patience", "0.2"], {
      env: { PIXEL_URL: "http://127.0.0.1:9", PIXEL_TOKEN: "any-token-0123456789" },
    });
    assert.equal(gone.exitCode, 2);
    for (const command of [["queue", "list"], ["monitor"]]) {
      const run = await runCommand(command, {
        env: { PIXEL_URL: "http://127.0.0.1:9", PIXEL_TOKEN: "any-token-0123456789" },
      });
      assert.equal(run.exitCode, 2, run.err);
      assert.match(run.err, /^error: cannot reach the service/);
    }
  });
});
