import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runCommand } from "../support/cli.ts";
import { freePort } from "../support/ports.ts";
import { RedisServer } from "../support/redis.ts";
import { TestService } from "../support/service.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TOKEN = "a-token-for-this-test";
const TASKS = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).tasks;

/** Runs `deno task pixel …` as it stands in deno.json: with its real permissions. */
async function pixel(env: Record<string, string>, ...words: string[]) {
  const [, ...args] = (TASKS.pixel as string).split(/\s+/);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [args[0]!, "--quiet", "--no-check", ...args.slice(1), ...words],
    cwd: ROOT,
    env: { NO_COLOR: "1", ADMIN_TOKEN: TOKEN, ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

async function inFolder(use: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-test-" });
  const env = { DATA_DIR: dataDir, PORT: String(freePort()) };
  try {
    await use(env);
  } finally {
    const stopped = await pixel(env, "stop");
    assert.equal(stopped.code, 0, stopped.err);
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("start --detach, logs, restart, stop: a process of its own that outlives the command", async () => {
  await inFolder(async (env) => {
    const started = await pixel(env, "start", "--detach", "--json");
    assert.equal(started.code, 0, started.err);
    const { pid, url, log } = JSON.parse(started.out);
    assert.equal(url, `http://127.0.0.1:${env.PORT}`);
    const again = await pixel(env, "start", "--detach");
    assert.equal(again.code, 1);
    assert.match(again.err, new RegExp(`process ${pid} already uses`));

    const tested = await pixel(env, "test", "--timeout", "60", "--json");
    assert.equal(tested.code, 0, tested.out + tested.err);
    const { probes } = JSON.parse(tested.out);
    assert.ok(probes.length >= 5);
    for (const probe of probes) assert.ok(probe.ok && probe.round_trip_ms >= 0, probe.queue);
    assert.equal((await pixel(env, "test", "nowhere")).code, 1);

    const doctor = await pixel(env, "doctor", "--json");
    const findings = JSON.parse(doctor.out).findings as { check: string; detail: string }[];
    const detail = (name: string) => findings.find(({ check }) => check === name)!.detail;
    assert.match(detail("folder"), new RegExp(`used by process ${pid}`));
    assert.match(detail("service"), /is (healthy|degraded)/);

    const restarted = await pixel(env, "restart", "--json");
    assert.equal(restarted.code, 0, restarted.err);
    assert.notEqual(JSON.parse(restarted.out).pid, pid);
    const logs = await pixel(env, "logs", "--json");
    const messages = logs.out.trim().split("\n").map((line) => JSON.parse(line).message);
    assert.deepEqual(messages.filter((text) => text === "ready").length, 2);
    assert.ok(messages.includes("stopped"));
    assert.equal((await pixel(env, "logs", "--level", "error")).out, "");
    assert.equal((await Deno.stat(log)).mode! & 0o777, 0o600);
    assert.equal((await pixel(env, "dashboard", "--json")).out, `{"url":"${url}/"}\n`);
  });
});

Deno.test("stop: without a reachable API it signals the process that holds the lock, and no other", async () => {
  await inFolder(async (env) => {
    const started = await pixel(env, "start", "--detach", "--json");
    assert.equal(started.code, 0, started.err);
    const { pid } = JSON.parse(started.out);
    const deaf = { ...env, PORT: String(freePort()) };
    const stopped = await pixel(deaf, "stop", "--json");
    assert.equal(stopped.code, 0, stopped.err);
    assert.deepEqual(JSON.parse(stopped.out), { stopped: true, by: "signal", pid });
    // What the file says of a process is worth nothing once nobody holds the lock.
    await using other = await TestService.start();
    const stale = JSON.stringify({ pid: other.pid, since: new Date().toISOString() });
    await Deno.writeTextFile(`${env.DATA_DIR}/lock`, stale);
    const nothing = await pixel(deaf, "stop", "--json");
    assert.deepEqual(JSON.parse(nothing.out), { stopped: false });
    assert.equal((await other.request("GET", "/queues")).status, 200);
  });
});

Deno.test("a start that fails says why, detached or not; doctor says it before", async () => {
  await inFolder(async (env) => {
    const bad = { ...env, BACKLOG_LIMIT: "plenty" };
    const detached = await pixel(bad, "start", "--detach");
    assert.equal(detached.code, 1);
    assert.match(detached.err, /BACKLOG_LIMIT/);
    const doctor = await pixel(bad, "doctor");
    assert.equal(doctor.code, 1);
    assert.match(doctor.out, /^fail {2}configuration +BACKLOG_LIMIT/m);
    using _taken = Deno.listen({ hostname: "127.0.0.1", port: Number(env.PORT) });
    const inUse = await pixel(env, "start", "--detach");
    assert.equal(inUse.code, 1);
    assert.match(inUse.err, /PORT/);
    const worker = await pixel(env, "worker", "conversations", "4");
    assert.equal(worker.code, 1);
    assert.match(worker.err, /needs KV_URL/);
  });
});

Deno.test("doctor: a Redis that does not let us in is a failure", async () => {
  await using redis = await RedisServer.start({ password: "right" });
  await inFolder(async (env) => {
    const REDIS_URL = `redis://:wrong@127.0.0.1:${redis.port}`;
    const doctor = await pixel({ ...env, REDIS_URL }, "doctor");
    assert.equal(doctor.code, 1);
    assert.match(doctor.out, /^fail {2}redis +WRONGPASS/m);
  });
});

Deno.test("token create --local: makes one while the service is stopped, and only then", async () => {
  const folder = await Deno.makeTempDir();
  const local = ["token", "create", "rescue", "--role", "admin", "--local", "--json"];
  try {
    const made = await runCommand(local, { env: { DATA_DIR: folder } });
    assert.equal(made.exitCode, 0, made.err);
    await using service = await TestService.start({ dataDir: folder });
    const env = { PIXEL_URL: service.url, PIXEL_TOKEN: JSON.parse(made.out).token };
    const list = await runCommand(["token", "list", "--json"], { env });
    assert.equal(JSON.parse(list.out).tokens[0].name, "rescue");
    const refused = await runCommand(local, { env: { DATA_DIR: folder } });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.err, /in use by process/);
    assert.equal(await service.request("POST", "/service/stop").then(({ status }) => status), 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("worker: the role, the queue and the concurrency reach the service", async () => {
  let seen: Record<string, string> = {};
  const run = await runCommand(["worker", "conversations", "4"], {
    env: { KV_URL: "https://kv.example" },
    ports: {
      startService: (env) => {
        seen = env;
        const stopAsked = Promise.resolve();
        const nothing = () => Promise.resolve();
        return Promise.resolve({
          url: "http://127.0.0.1:1",
          stopAsked,
          stop: nothing,
        });
      },
    },
  });
  assert.equal(run.exitCode, 0, run.err);
  assert.deepEqual(seen, {
    KV_URL: "https://kv.example",
    PORT: "0",
    ROLE: "worker",
    WORK_QUEUES: "conversations",
    CONCURRENCY_CONVERSATIONS: "4",
  });
});
