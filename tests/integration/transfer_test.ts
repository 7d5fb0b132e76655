import assert from "node:assert/strict";
import { runCommand } from "../support/cli.ts";
import { BOT } from "../support/contract.ts";
import { TestService } from "../support/service.ts";

Deno.test("export --all, import --all: everything goes along, waiting tasks included", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pixel-test-" });
  const file = `${folder}/everything.gz`;
  const turn = (id: string) => ({ conversation_id: id, bot_id: "bakery", user_message: "Open?" });
  try {
    let waiting: string;
    let before: unknown;
    {
      await using service = await TestService.start();
      await service.request("PUT", "/bots/bakery", BOT);
      const wait = { prefer: "wait=20" };
      await service.request("POST", "/conversations/queue", turn("a"), wait);
      await service.request("PUT", "/queues/conversations/pause");
      const { body } = await service.request<{ task_id: string }>(
        "POST",
        "/conversations/queue",
        turn("b"),
      );
      waiting = body.task_id;
      const asked = await service.request<{ conversation: unknown }>("GET", "/conversations/a");
      before = asked.body.conversation;
      const env = { DATA_DIR: service.dataDir };
      const exported = await runCommand(["export", "--all", file, "--json"], { env });
      assert.equal(exported.exitCode, 0, exported.err);
      const nowhere = await runCommand(["export", "--all", `${folder}/none/x.gz`], { env });
      assert.equal(nowhere.exitCode, 1);
      assert.match(nowhere.err, /^error: .*none\/x\.gz.*\n$/, "one line, no stack");
      const occupied = await runCommand(["import", "--all", file], { env });
      assert.equal(occupied.exitCode, 1);
      await service.stop();
      const held = await runCommand(["import", "--all", file], { env });
      assert.match(held.err, /into an empty DATA_DIR/);
      const entries = JSON.parse(exported.out).entries;
      const imported = await runCommand(["import", "--all", file, "--json"], {
        env: { DATA_DIR: `${folder}/new` },
      });
      assert.equal(imported.exitCode, 0, imported.err);
      assert.equal(JSON.parse(imported.out).entries, entries);
    }
    await using service = await TestService.start({ dataDir: `${folder}/new` });
    const asked = await service.request<{ conversation: unknown }>("GET", "/conversations/a");
    assert.deepEqual(asked.body.conversation, before);
    await service.request("DELETE", "/queues/conversations/pause");
    const { body } = await service.request<{ conversation_status: Record<string, unknown> }>(
      "GET",
      "/conversations/b/status?wait=20",
    );
    assert.equal(body.conversation_status.task_id, waiting);
    assert.equal(body.conversation_status.status, "completed");
    const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
    const recounted = await runCommand(["recount"], { env });
    assert.equal(recounted.exitCode, 0, recounted.err);

    const talks = `${folder}/talks.ndjson`;
    const exported = await runCommand(["export", talks, "--json"], { env });
    assert.equal(JSON.parse(exported.out).conversations, 2);
    await using other = await TestService.start();
    const there = { PIXEL_URL: other.url, PIXEL_TOKEN: other.token };
    const imported = await runCommand(["import", talks, "--json"], { env: there });
    assert.equal(JSON.parse(imported.out).imported, 2, imported.err);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("import --all: half a file leaves nothing behind", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pixel-test-" });
  try {
    const file = `${folder}/everything.gz`;
    {
      await using service = await TestService.start();
      const env = { DATA_DIR: service.dataDir };
      assert.equal((await runCommand(["export", "--all", file], { env })).exitCode, 0);
    }
    const bytes = await Deno.readFile(file);
    await Deno.writeFile(file, bytes.subarray(0, bytes.length / 2));
    const env = { DATA_DIR: `${folder}/new` };
    const half = await runCommand(["import", "--all", file], { env });
    assert.equal(half.exitCode, 1);
    assert.match(half.err, /cannot be unpacked|ends before/);
    assert.deepEqual([...Deno.readDirSync(env.DATA_DIR)].map(({ name }) => name), ["lock"]);
    await Deno.writeTextFile(file, "no archive");
    assert.equal((await runCommand(["import", "--all", file], { env })).exitCode, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
