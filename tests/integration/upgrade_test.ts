import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { SCHEMA_VERSION } from "../../lib/kv/migrations.ts";
import { runCommand } from "../support/cli.ts";
import { TestService } from "../support/service.ts";
import { SettableClock } from "../support/settable_clock.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);

/** What the release that wrote the fixture answered of it. */
interface Told {
  tasks: Record<string, string>;
  day: Record<string, unknown>;
}

type Status = { conversation_status: { status: string; result?: { response: string } } };
type Task = { task_status: { status: string; priority: string } };

/** Soon after the fixtures were written: a day later a service rightly clears away what is old. */
const NOW = "2026-11-27T15:20:00Z";

/** Priorities of the conversations that wait in a fixture, by their number. */
const WAITING: Record<number, string[]> = {
  1: ["low", "normal", "high"],
  2: ["low", "normal", "high", "normal"],
};

Deno.test("there is a fixture of every schema before this one", () => {
  const before = Array.from({ length: SCHEMA_VERSION - 1 }, (_, i) => String(i + 1));
  assert.deepEqual(Object.keys(WAITING), before, "add what the last release wrote");
});

for (const [schema, waiting] of Object.entries(WAITING)) {
  Deno.test(`a database of schema ${schema} is opened, and its waiting work is done`, async () => {
    await isOpened(schema, waiting);
  });
}

/**
 * `schema_N.sqlite.gz`: a bot, five answered conversations, five imported ones, one cancelled, some
 * that wait with their priorities and a batch of two, in a queue that is paused.
 */
async function isOpened(schema: string, waiting: string[]): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-upgrade-" });
  try {
    const packed = await Deno.readFile(new URL(`schema_${schema}.sqlite.gz`, FIXTURES));
    await Deno.writeFile(`${dataDir}/pixel.sqlite`, gunzipSync(packed));
    const told: Told = JSON.parse(
      await Deno.readTextFile(new URL(`schema_${schema}.json`, FIXTURES)),
    );
    await using clock = await SettableClock.make();
    await clock.set(Math.round((Date.parse(NOW) - Date.now()) / 1_000));
    await using service = await TestService.start({ dataDir, clock });
    const task = async (name: string) =>
      (await service.request<Task>("GET", `/tasks/${told.tasks[name]}`)).body.task_status;

    assert.ok(service.logs.some((line) => line.includes("a backup was made before a migration")));
    for (let i = 0; i < 5; i++) assert.equal((await task(`done-${i}`)).status, "completed");
    assert.equal((await task("cancelled")).status, "cancelled");
    for (const [i, priority] of waiting.entries()) {
      const { status, priority: stored } = await task(`waiting-${i}`);
      assert.deepEqual([status, stored], ["queued", priority]);
    }
    const { body } = await service.request<{ analytics: Record<string, unknown> }>(
      "GET",
      "/analytics/daily?date=2026-11-03",
    );
    for (const [name, value] of Object.entries(told.day)) {
      assert.deepEqual(body.analytics[name], value, name);
    }
    await service.request("DELETE", "/queues/conversations/pause");
    for (let i = 0; i < waiting.length; i++) {
      const { body } = await service.request<Status>(
        "GET",
        `/conversations/waiting-${i}/status?wait=20`,
      );
      assert.equal(body.conversation_status.result?.response, "Every day.");
    }
    for (let i = 0; i < 2; i++) {
      await service.request("GET", `/conversations/batch-${i}/status?wait=20`);
    }
    const batch = await service.request<{ batch_status: { status: string; completed: number } }>(
      "GET",
      "/conversations/batch/batch/status",
    );
    assert.deepEqual(
      [batch.body.batch_status.status, batch.body.batch_status.completed],
      ["completed", 2],
    );
    assert.equal(await service.stop(), 0);
    await service.restart();
    assert.equal((await task("waiting-0")).status, "completed");

    // The way back: the command of the log, and the database is that of the release before.
    await service.stop();
    const line = service.logs.find((line) => line.includes("a backup was made before"))!;
    const [, , , ...words] = (JSON.parse(line).go_back as string).split(" ");
    const back = await runCommand(words, { env: { DATA_DIR: dataDir } });
    assert.equal(back.exitCode, 0, back.err);
    using kv = await Deno.openKv(`${dataDir}/pixel.sqlite`);
    assert.equal((await kv.get(["meta", "schema"])).value, Number(schema));
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}
