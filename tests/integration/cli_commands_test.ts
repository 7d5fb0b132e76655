import assert from "node:assert/strict";
import { runCommand } from "../support/cli.ts";
import { BOT } from "../support/contract.ts";
import { dayAhead, dayOf } from "../support/days.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { TestService } from "../support/service.ts";
import { startService } from "../../service.ts";

const turn = (id: string, user_message = "When do you open?") => ({
  conversation_id: id,
  bot_id: "bakery",
  user_id: "ada",
  user_message,
});

/** Runs commands against a service; `json` gives what they answer to --json. */
function shell(service: TestService) {
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
  const run = (...args: string[]) => runCommand(args, { env });
  const json = async (...args: string[]) => {
    const { exitCode, out, err } = await run(...args, "--json");
    assert.equal(exitCode, 0, err);
    return JSON.parse(out);
  };
  return { env, run, json };
}

Deno.test("status: words, figures and exit codes for well and down", async () => {
  await using service = await TestService.start();
  const { run, env } = shell(service);
  const well = await run("status");
  assert.ok([0, 1].includes(well.exitCode), well.err); // a busy machine counts as degraded
  assert.match(well.out, /score \d+/);
  assert.match(well.out, /^conversations {3}/m);
  assert.match(well.out, /^cache {10}\d+% hits, /m);
  const { exitCode, out } = await run("status", "--json");
  assert.equal(exitCode, JSON.parse(out).status === "healthy" ? 0 : 1);
  await service.stop();
  const down = await run("status");
  assert.equal(down.exitCode, 2);
  assert.match(down.out, /^Down: /);
  const wrong = await runCommand(["status"], { env: { ...env, PIXEL_URL: "nonsense" } });
  assert.equal(wrong.exitCode, 2);
  const unknown = await runCommand(["status"], { env: { DATA_DIR: "/nowhere" } });
  assert.equal(unknown.exitCode, 2);
});

Deno.test("tasks: listed, shown, cancelled, retried and redriven", async () => {
  let broken = true;
  await using model = startOpenAIServer(() => broken ? { status: 401 } : {});
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test" },
  });
  const { run, json } = shell(service);
  for (const id of ["1", "2"]) {
    await service.request("POST", "/conversations/queue", turn(id), { prefer: "wait=20" });
  }
  const { tasks } = await json("tasks", "list", "--status", "failed");
  assert.equal(tasks.length, 2);
  const [first, second] = tasks.map(({ task_id }: { task_id: string }) => task_id);
  const shown = await run("tasks", "show", first);
  assert.equal(shown.exitCode, 1);
  assert.match(shown.out, /^status {4}failed$/m);
  assert.match(shown.out, /^error /m);
  assert.match((await run("tasks", "list")).out, new RegExp(`^${first} `, "m"));

  broken = false;
  const retried = await run("tasks", "retry", first, "no-such-task");
  assert.equal(retried.exitCode, 1);
  assert.match(retried.out, new RegExp(`${first} queued again`));
  assert.match(retried.err, /^no-such-task: /);
  await service.request("GET", "/conversations/2/status?wait=20");
  const dry = await run("tasks", "redrive", "--queue", "conversations");
  assert.match(dry.out, /^1 task would be queued again\. Add --yes/);
  const real = await run("tasks", "redrive", "--yes");
  assert.equal(real.exitCode, 0, real.err);
  assert.match(real.out, /^1 task queued again/);
  await service.request("GET", "/conversations/1/status?wait=20");
  assert.deepEqual((await json("tasks", "list", "--status", "failed")).tasks, []);

  assert.equal((await json("tasks", "show", second)).status, "completed");
  await run("queue", "pause", "conversations");
  await service.request("POST", "/conversations/queue", turn("4"));
  assert.match((await run("tasks", "purge", "conversations")).out, /^1 task would be cancelled/);
  const nobodys = await run("tasks", "purge", "conversatoins");
  assert.deepEqual([nobodys.exitCode, nobodys.err], [
    1,
    "error: there is no queue named conversatoins\n",
  ]);
  const purged = await run("tasks", "purge", "conversations", "--yes");
  assert.equal(purged.exitCode, 0, purged.err);
  assert.equal((await json("tasks", "list", "--status", "cancelled")).tasks.length, 1);
  const { body } = await service.request("POST", "/conversations/queue", turn("3"));
  const cancelled = await run("tasks", "cancel", String(body.task_id));
  assert.equal(cancelled.exitCode, 0, cancelled.err);
  assert.equal((await run("tasks", "cancel", String(body.task_id))).exitCode, 1);
  await run("tasks", "discard", String(body.task_id));
  assert.equal((await run("tasks", "show", String(body.task_id))).exitCode, 0);
  const gone = await run("tasks", "discard", String(body.task_id), "--yes");
  assert.equal(gone.exitCode, 0, gone.err);
  assert.match((await run("tasks", "show", String(body.task_id))).err, /404/);
});

Deno.test("queue, schedule, report, cache: looked at and acted on", async () => {
  await using service = await TestService.start();
  const { run, json, env } = shell(service);
  await service.request("PUT", "/bots/bakery", BOT);
  await dayAhead(60_000);
  await service.request("POST", "/conversations/queue", turn("1"), { prefer: "wait=20" });

  await run("queue", "pause", "default", "analytics");
  const { queues } = await json("queue", "list");
  const paused = queues.filter((row: { paused: boolean }) => row.paused);
  assert.deepEqual(
    paused.map(({ name }: { name: string }) => name).toSorted(),
    ["analytics", "default"],
  );
  assert.match((await run("queue", "list")).out, /^default .* paused$/m);
  await run("queue", "resume", "default", "analytics");
  assert.doesNotMatch((await run("queue", "list")).out, /paused/);
  assert.equal((await run("queue", "pause", "no-such-queue")).exitCode, 1);
  assert.equal((await run("queue", "scale", "default", "3")).exitCode, 0);
  const scaled = (await json("queue", "list")).queues;
  assert.equal(scaled.find((row: { name: string }) => row.name === "default").concurrency, 3);
  assert.equal((await run("queue", "scale", "default", "none")).exitCode, 2);

  assert.match((await run("schedule", "list")).out, /^health-report +\*\/15/m);
  assert.match((await run("schedule", "run", "health-report")).out, /completed/);
  const backup = await json("backup");
  assert.equal(backup.status, "completed");

  const recounted = await run("recount");
  assert.equal(recounted.exitCode, 0);
  assert.match(recounted.out, /counts compared with 1 conversation .*: no difference/);

  for (const list of ["schedule", "tasks"]) {
    const { out } = await runCommand([list, "list"], { env, columns: 80 });
    for (const line of out.trimEnd().split("\n")) assert.ok(line.length <= 80, line);
    assert.match(out, /\d\d-\d\d \d\d:\d\d /, "the time of day is not what is cut");
  }

  const day = dayOf(Date.now());
  const report = await json("report", "daily", "--date", day);
  assert.equal(report.conversation_analytics.total_conversations, 1);
  assert.match((await run("report", "daily", "--date", day)).out, /total conversations: 1/);
  assert.equal((await run("report", "yearly")).exitCode, 2);

  assert.equal((await json("cache", "stats")).total_keys, 1);
  const dry = await run("cache", "clear");
  assert.match(dry.out, /Add --yes/);
  assert.equal((await json("cache", "stats")).total_keys, 1);
  assert.equal((await json("cache", "clear", "--yes")).cleared_entries, 1);
  assert.equal((await json("cache", "delete", "none")).deleted, false);
  assert.equal((await run("cache", "get", "none")).exitCode, 1);
});

Deno.test("token: made, listed, used and revoked", async () => {
  await using service = await TestService.start();
  const { run, json } = shell(service);
  const made = await json("token", "create", "reporting", "--role", "viewer");
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: made.token };
  assert.ok((await runCommand(["status"], { env })).exitCode <= 1);
  assert.equal((await runCommand(["queue", "pause", "default"], { env })).exitCode, 1);
  const id = made.token_info.token_id;
  assert.match((await run("token", "list")).out, new RegExp(`^${id} +reporting +viewer `, "m"));
  assert.match((await run("token", "revoke", id)).out, /Add --yes/);
  assert.equal((await run("token", "revoke", id, "--yes")).exitCode, 0);
  assert.match((await runCommand(["status"], { env })).err, /PIXEL_TOKEN/);
  assert.equal((await run("token", "create", "x", "--role", "king")).exitCode, 2);
});

Deno.test("monitor: tells what happens, and goes on after a restart of the service", async () => {
  await using service = await TestService.start();
  await service.request("PUT", "/bots/bakery", BOT);
  const stop = new AbortController();
  let out = "", err = "";
  let wake = () => {};
  const until = async (fits: () => boolean) => {
    while (!fits()) await new Promise<void>((resolve) => wake = resolve);
  };
  const running = runCommand(["monitor", "--kind", "process_conversation", "--json"], {
    env: { PIXEL_URL: service.url, PIXEL_TOKEN: service.token },
    out: (text) => (out += text, wake()),
    err: (text) => (err += text, wake()),
    signal: stop.signal,
  });
  const asked = async (id: string) => {
    // Asked until it is seen: whoever watches does so from some moment on.
    for (let n = 0; !out.includes(`"completed"`); n++) {
      await service.request("POST", "/conversations/queue", turn(`${id}-${n}`), {
        prefer: "wait=25",
      });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  };
  await asked("first");
  const [event] = out.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(event.name, "task");
  assert.equal(event.data.queue, "conversations");
  await service.kill();
  await until(() => err.includes("trying again"));
  out = "";
  await service.restart();
  await asked("second");
  stop.abort(new Error("stopped by the user"));
  assert.equal((await running).exitCode, 0);
});

Deno.test("restore: shows what it would do, does it on --yes, never under a running service", async () => {
  await using service = await TestService.start();
  const { run } = shell(service);
  await service.request("PUT", "/bots/bakery", BOT);
  assert.equal((await run("backup")).exitCode, 0);
  await service.request("PUT", "/bots/late", BOT);
  const [file] = [...Deno.readDirSync(`${service.dataDir}/backups`)]
    .map(({ name }) => name).filter((name) => !name.endsWith(".json"));
  const backup = `${service.dataDir}/backups/${file}`;
  const restore = (...flags: string[]) =>
    runCommand(["restore", backup, ...flags], { env: { DATA_DIR: service.dataDir } });
  const refused = await restore("--yes");
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /^error: /);
  await service.stop();
  const byName = await runCommand(["restore", file!], { env: { DATA_DIR: service.dataDir } });
  assert.match(byName.out, /is sound/, byName.err);
  const dry = await restore("--verify");
  assert.equal(dry.exitCode, 0, dry.err);
  assert.match(dry.out, /is sound .*\nIt would replace .*\nNothing was changed/);
  const done = await restore("--yes");
  assert.equal(done.exitCode, 0, done.err);
  await service.restart();
  assert.equal((await service.request("GET", "/bots/bakery")).status, 200);
  assert.equal((await service.request("GET", "/bots/late")).status, 404);
});

Deno.test("start: runs the service until it is told to stop", async () => {
  const folder = await Deno.makeTempDir();
  const stop = new AbortController();
  try {
    let url = "";
    const run = await runCommand(["start"], {
      env: {
        DATA_DIR: folder,
        PORT: "0",
        ADMIN_TOKEN: "a-token-for-this-test",
        LOG_LEVEL: "error",
      },
      ports: {
        startService: async (env) => {
          const service = await startService(env);
          url = service.url;
          const ready = await fetch(`${url}/readyz`);
          assert.equal(await ready.text(), "ready\n");
          queueMicrotask(() => stop.abort(new Error("stopped by the user")));
          return service;
        },
      },
      signal: stop.signal,
    });
    assert.equal(run.exitCode, 0, run.err);
    assert.ok(run.out.includes(url));
    const bad = await runCommand(["start"], {
      env: { PORT: "eighty" },
      ports: { startService },
    });
    assert.equal(bad.exitCode, 1);
    assert.match(bad.err, /^error: PORT /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
