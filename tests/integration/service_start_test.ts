import assert from "node:assert/strict";
import { startOpenAIServer } from "../support/openai_server.ts";
import { startInVain, stoppedWhileStarting, TestService } from "../support/service.ts";

/** What a start after a SIGKILL may take longer than the first one did on the same machine. */
const LONGER_MS = 5_000;

Deno.test("with no configuration it makes a token that only its owner can read", async () => {
  await using service = await TestService.start({ env: { ADMIN_TOKEN: "" } });
  const path = `${service.dataDir}/admin-token`;
  const { mode } = await Deno.stat(path);
  assert.equal(mode! & 0o777, 0o600);
  assert.equal((await Deno.stat(service.dataDir)).mode! & 0o077, 0);
  const token = (await Deno.readTextFile(path)).trim();
  const made = service.logs.map((line) => JSON.parse(line))
    .find((line) => line.message === "an admin token was made");
  assert.equal(made.path, path);
  assert.ok(!service.logs.join("\n").includes(token), "the token itself shows in no log");

  const asked = (bearer: string) =>
    service.request("GET", "/health", undefined, { authorization: `Bearer ${bearer}` });
  assert.equal((await asked(token)).status, 200);
  assert.equal((await asked(service.token)).status, 401);

  assert.equal(await service.stop(), 0);
  await service.restart();
  assert.equal((await Deno.readTextFile(path)).trim(), token, "it is made once");
  assert.equal((await asked(token)).status, 200);
});

Deno.test("in a folder that others may enter, every file is its owner's alone", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    await Deno.chmod(dataDir, 0o755);
    await using service = await TestService.start({ env: { DATA_DIR: dataDir } });
    await service.request("PUT", "/bots/b", { name: "B" });
    const files = await Array.fromAsync(Deno.readDir(dataDir));
    assert.ok(files.some(({ name }) => name === "pixel.sqlite-wal"));
    for (const { name, isFile } of files) {
      const { mode } = await Deno.stat(`${dataDir}/${name}`);
      if (isFile) assert.equal(mode! & 0o077, 0, name);
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("a warm start is quick, and a SIGKILL does not stand in its way", async () => {
  const before = performance.now();
  await using service = await TestService.start();
  const firstMs = performance.now() - before;
  await service.kill();
  const startedAt = performance.now();
  await service.restart();
  const ms = performance.now() - startedAt;
  assert.ok(ms < firstMs + LONGER_MS, `${Math.round(ms)} ms after ${Math.round(firstMs)} ms`);
});

Deno.test("a second process on the same folder is refused in one line", async () => {
  await using service = await TestService.start();
  const { code, said } = await startInVain({ DATA_DIR: service.dataDir });
  assert.equal(code, 1);
  assert.match(said, /^pixel: .*\n$/);
  assert.ok(said.includes(service.dataDir), said);
  assert.equal((await service.request("GET", "/health")).status, 200, "the first one goes on");
});

Deno.test("a configuration that cannot be used is refused in one line that names it", async () => {
  const folder = await Deno.makeTempDir();
  const wrong: [Record<string, string>, RegExp][] = [
    [{ PORT: "eighty" }, /^pixel: PORT /],
    [{ ADMIN_TOKEN: "short" }, /^pixel: ADMIN_TOKEN /],
    [{ ROLE: "worker" }, /^pixel: ROLE .*KV_URL/],
    [{ AI_BASE_URL: "http://127.0.0.1:1/v1" }, /^pixel: AI_MODEL /],
    [{ CACHE_MEMORY: "0" }, /^pixel: CACHE_MEMORY /],
    [{ KV_URL: "http://127.0.0.1:9", DENO_KV_ACCESS_TOKEN: "t" }, /^pixel: KV_URL .*:9/],
  ];
  try {
    for (const [env, line] of wrong) {
      const { code, said } = await startInVain({ DATA_DIR: `${folder}/data`, ...env });
      assert.equal(code, 1);
      assert.match(said, line);
      assert.equal(said.split("\n").length, 2, said);
      assert.ok(!said.includes("short\n"), "a secret is not repeated");
    }
    assert.deepEqual([...Deno.readDirSync(folder)], [], "nothing was touched");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a damaged database stops the start in one line that leads to the backups", async () => {
  await using service = await TestService.start();
  await service.stop();
  await Deno.writeTextFile(`${service.dataDir}/pixel.sqlite`, "not what it was ".repeat(1_000));
  const { code, said } = await startInVain({ DATA_DIR: service.dataDir });
  assert.equal(code, 1);
  const [line] = said.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  assert.match(
    line!,
    /^pixel: .*pixel\.sqlite cannot be opened: .*damaged: .*pixel restore latest/,
  );
  assert.doesNotMatch(said, /^ {4}at /m);
});

Deno.test("an address that cannot be had is refused in one line that names the variable", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const folder = await Deno.makeTempDir();
  const refusal = async (env: Record<string, string>) => {
    const { code, said } = await startInVain({ DATA_DIR: folder, ...env });
    assert.equal(code, 1);
    return said.split("\n").filter((line) => line !== "" && !line.startsWith("{")).join("\n");
  };
  try {
    const port = String(taken.addr.port);
    const said = await refusal({ PORT: port });
    assert.match(said, new RegExp(`^pixel: PORT ${port} is taken on 127\\.0\\.0\\.1; .*$`));
    assert.match(
      await refusal({ HOST: "192.0.2.1" }),
      /^pixel: HOST 192\.0\.2\.1 is no address.*$/,
    );
    assert.match(await refusal({ HOST: "a..b" }), /^pixel: HOST a\.\.b cannot be served on: .*$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SIGTERM lets what runs finish, and ends with 0", async () => {
  const release = Promise.withResolvers<void>();
  await using model = startOpenAIServer(() => ({ until: release.promise, content: "Here I am." }));
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test" },
  });
  const turn = { conversation_id: "c", bot_id: "b", user_id: "u", user_message: "Are you there?" };
  assert.equal((await service.request("POST", "/conversations/queue", turn)).status, 200);
  await model.received(1);

  const stopping = service.nextLog(/"stopping"/);
  const stopped = service.stop();
  await stopping;
  release.resolve();
  assert.equal(await stopped, 0);

  await service.restart();
  const path = "/conversations/c/status?wait=20";
  const { body } = await service.request("GET", path);
  // deno-lint-ignore no-explicit-any
  const status = (body as any).conversation_status;
  assert.equal(status.status, "completed");
  assert.equal(status.result.response, "Here I am.");
  assert.equal(model.requests.length, 1, "the model was not asked again");
});

Deno.test("a request to stop that comes while it starts is heard, and ends it in good order", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const env = { DATA_DIR: folder, ADMIN_TOKEN: "" };
    const { code, said } = await stoppedWhileStarting(env, /an admin token was made/);
    assert.equal(code, 0, said);
    assert.match(said, /"message":"stopped"/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Ctrl-C that arrives twice, from the terminal and from deno task, still drains", async () => {
  await using service = await TestService.start();
  const stopped = service.nextLog(/"stopped"/);
  Deno.kill(service.pid, "SIGINT");
  Deno.kill(service.pid, "SIGINT");
  Deno.kill(service.pid, "SIGTERM");
  assert.equal(await service.stop(), 0);
  await stopped;
});

Deno.test("SIGTERM releases what does not finish in time; the next start answers it", async () => {
  let hang = true;
  const never = Promise.withResolvers<void>();
  await using model = startOpenAIServer(() => hang ? { until: never.promise } : {});
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test", SHUTDOWN_SECONDS: "11" },
  });
  const turn = { conversation_id: "c", bot_id: "b", user_id: "u", user_message: "Hello?" };
  await service.request("POST", "/conversations/queue", turn);
  await model.received(1);
  const startedAt = performance.now();
  assert.equal(await service.stop(), 0);
  assert.ok(performance.now() - startedAt < 30_000);
  hang = false;
  await service.restart();
  const { body } = await service.request("GET", "/conversations/c/status?wait=20");
  // deno-lint-ignore no-explicit-any
  const status = (body as any).conversation_status;
  assert.equal(status.status, "completed");
  assert.equal(status.result.response, "You said: Hello?");
});
