import assert from "node:assert/strict";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import { caller } from "../support/contract.ts";
import { recorded, runCommand, writeConversations } from "../support/cli.ts";
import { rounds } from "../support/randomness.ts";
import { assertRecounts } from "../support/recount.ts";
import { TestService } from "../support/service.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { Talks, withModel } from "../support/talks.ts";

const talks = new Talks(rounds(60, 400), 5);
const TURNS = talks.turns;

Deno.test("a replay goes on through a SIGKILL: every turn is answered exactly once", async () => {
  await withModel("replay", async (service, model) => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/talks.ndjson.gz`;
      const lines = Array.from(
        { length: talks.count },
        (_, n) => recorded(talks.idOf(n), ...talks.asked(n)),
      );
      await writeConversations(path, lines);
      const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };

      const stop = new AbortController();
      const first = runCommand(["replay", path, "--json"], { env, signal: stop.signal });
      await model.received(Math.floor(TURNS / 4));
      stop.abort(new Error("stopped by the user"));
      assert.equal((await first).exitCode, 130);

      const second = runCommand(["replay", path, "--json"], { env });
      await model.received(Math.floor(TURNS / 2));
      await service.kill();
      await service.restart();
      const run = await second;
      assert.equal(run.exitCode, 0, run.err + run.out);
      const summary = JSON.parse(run.out);
      assert.deepEqual([summary.sent, summary.answered, summary.failed], [TURNS, TURNS, 0]);
      assert.ok(summary.answered_earlier > 0, "what the first run had asked is not asked again");
      await talks.assertAnsweredOnce(service);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

Deno.test("a backlog survives SIGKILL after SIGKILL: every turn is answered exactly once", async () => {
  await withModel("backlog", async (service, model) => {
    await talks.queue(service);
    // A task that is on board of a third kill counts as its cause, and becomes a dead letter.
    for (const share of [0.3, 0.6]) {
      await model.received(Math.floor(TURNS * share));
      await service.kill();
      await service.restart();
    }
    await talks.queue(service); // the same batches again: nothing is queued twice
    await talks.answered(service);
    await talks.assertAnsweredOnce(service);
    await talks.assertBatches(service);
  });
});

Deno.test("a kill in the middle of an import leaves what another run completes", async () => {
  await using service = await TestService.start();
  const count = rounds(3_000, 20_000);
  const lines = Array.from({ length: count }, (_, n) => recorded(`old/${n}`, "Hello", "And?"));
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/old.ndjson`;
    await writeConversations(path, lines);
    const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
    // Half of it arrives, and the service is killed while it waits for the rest.
    await using proxy = new TcpProxy(service.port);
    proxy.clientBytes = (await Deno.stat(path)).size / 2;
    const halfway = { ...env, PIXEL_URL: `http://127.0.0.1:${proxy.port}` };
    const broken = runCommand(["import", path, "--json"], { env: halfway });
    const call = caller(service);
    const someThere = async () => {
      const last = encodeURIComponent(`old/${Math.floor(count / 10)}`);
      return (await service.request("GET", `/conversations/${last}`)).status === 200;
    };
    while (!await someThere());
    await service.kill();
    assert.equal((await broken).exitCode, 2);
    await service.restart();
    const run = await runCommand(["import", path, "--json"], { env });
    const { imported, skipped } = JSON.parse(run.out);
    assert.equal(imported + skipped, count);
    assert.ok(skipped > 0 && imported > 0, "what was committed stays");
    const { analytics: report } = await call(
      analytics.DailyAnswer,
      "GET",
      "/analytics/daily?date=2026-01-05",
    );
    assert.equal(report.conversation_analytics.total_conversations, count);
    assert.equal(report.conversation_analytics.average_conversation_length, 4);
    assert.equal(report.user_engagement.active_users, count);
    assert.equal((await assertRecounts(service)).conversations, count);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
