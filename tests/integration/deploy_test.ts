import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { validate } from "dockerfile-utils";
import { parse } from "yaml";
import { promtool } from "../support/promtool.ts";
import { freePort } from "../support/ports.ts";
import { TestService } from "../support/service.ts";

const TOKEN = "the-admin-token-of-these-tests";
const ROOT = new URL("../../", import.meta.url);
const root = fileURLToPath(ROOT).replace(/\/$/, "");
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** The arguments of `deno` in the image's ENTRYPOINT. */
async function imageArguments(): Promise<string[]> {
  const text = (await read("Dockerfile")).replaceAll("\\\n", " ");
  const [program, ...args] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)![1]!) as string[];
  assert.equal(program, "deno");
  return args;
}

/** The same of the systemd unit. */
async function unitArguments(): Promise<string[]> {
  const text = (await read("deploy/pixel-performance.service")).replaceAll("\\\n", " ");
  const [program, ...args] = /^ExecStart=(.*)$/m.exec(text)![1]!.trim().split(/\s+/);
  assert.equal(program, "/usr/local/bin/deno");
  return args;
}

/** Which permissions are given, whatever they are scoped to. */
const permissions = (args: string[]) =>
  args.filter((arg) => arg.startsWith("--allow-")).map((arg) => arg.split("=")[0]).sort();

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** Starts the service with these arguments, paths mapped to those of this machine. */
async function startsWith(
  args: string[],
  paths: Record<string, string>,
  use: (url: string) => Promise<void> = () => Promise.resolve(),
  env: Record<string, string> = {},
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-deploy-" });
  const cache = await denoDir();
  const real: Record<string, string> = { program: root, data: dataDir, cache };
  const mapped = args.map((arg) => {
    const [flag, list] = arg.split("=");
    if (!/^--allow-(read|write)$/.test(flag!)) return arg;
    return `${flag}=${list!.split(",").map((path) => real[paths[path]!] ?? assert.fail(path))}`;
  });
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: mapped,
    cwd: root,
    clearEnv: true,
    env: {
      DENO_DIR: cache,
      DATA_DIR: dataDir,
      PORT: String(port),
      ADMIN_TOKEN: TOKEN,
      PATH: "/usr/bin",
      ...env,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  let exited = false;
  void child.status.then(() => exited = true);
  try {
    for (let ready = false; !ready;) {
      assert.ok(!exited, `it ended: ${exited && await log}`);
      ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(async (response) => {
        await response.body?.cancel();
        return response.ok;
      }, () => false);
      if (!ready) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await use(`http://127.0.0.1:${port}/api/performance`);
  } finally {
    if (!exited) child.kill("SIGTERM");
    const { code } = await child.status;
    assert.equal(code, 0, await log);
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("the linter has nothing against the Dockerfile, and the image runs as a user of its own", async () => {
  const text = await read("Dockerfile");
  assert.deepEqual(validate(text, {}), []);
  const last = text.slice(text.lastIndexOf("\nFROM "));
  assert.match(last, /^USER pixel$/m);
  assert.match(last, /^HEALTHCHECK /m);
  assert.match(last, /--uid 10001/);
  for (const [, source] of text.matchAll(/^COPY (?!--from)(\S+)/gm)) assert.equal(source, ".");
});

Deno.test("image and unit give the permissions of deno task start, scoped, and nothing more", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  const started = permissions(tasks.start.split(/\s+/));
  for (const args of [await imageArguments(), await unitArguments()]) {
    assert.deepEqual(permissions(args), started);
    assert.ok(args.some((arg) => arg.startsWith("--allow-write=")));
    assert.ok(args.some((arg) => arg.startsWith("--allow-read=")));
    assert.ok(args.includes(tasks.start.split(/\s+/).find((a: string) => /allow-sys/.test(a))));
    assert.equal(args.at(-1), "main.ts");
  }
});

/** Whether this machine can say what systemd's sets of system calls hold, and enforce them. */
const canFilter = await new Deno.Command("sh", {
  args: [
    "-c",
    "systemd-analyze syscall-filter && python3 -c 'import ctypes; ctypes.CDLL(\"libseccomp.so.2\")'",
  ],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

const unitFilter = async () =>
  /^SystemCallFilter=(.*)$/m.exec(await read("deploy/pixel-performance.service"))![1]!;

Deno.test("the unit allows the system calls by which the runtime guards its code", async () => {
  assert.deepEqual((await unitFilter()).split(" "), ["@system-service", "@pkey"]);
});

Deno.test({
  name: "the runtime starts, listens and writes under the unit's filter of system calls",
  ignore: !canFilter,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "pixel-filter-" });
    const program = `const kv = await Deno.openKv("${folder}/kv.sqlite");
      await kv.set(["a"], 1);
      Deno.serve({ port: 0, onListen() {} }, () => new Response("ok"));
      new Worker("data:text/javascript,postMessage(1)", { type: "module" }).onmessage = () => {
        console.log("well");
        Deno.exit(0);
      };`;
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: [
        fileURLToPath(new URL("tests/support/under_seccomp.py", ROOT)),
        await unitFilter(),
        ...[Deno.execPath(), "eval", "--no-config", "--unstable-kv", program],
      ],
    }).output();
    await Deno.remove(folder, { recursive: true });
    const text = new TextDecoder();
    assert.deepEqual([code, text.decode(stdout)], [0, "well\n"], text.decode(stderr));
  },
});

Deno.test("the service starts with the image's command line and with the unit's", async () => {
  const build = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "build"],
    cwd: root,
  }).output();
  assert.ok(build.success, new TextDecoder().decode(build.stderr));
  await startsWith(await imageArguments(), {
    "/app": "program",
    "/data": "data",
    "/deno-dir": "cache",
  });
  await startsWith(await unitArguments(), {
    "/opt/pixel-performance": "program",
    "/var/lib/pixel-performance": "data",
    "/var/cache/pixel-performance": "cache",
  });
});

Deno.test("on KV Connect, which has no queues, one process answers and one without workers takes in", async () => {
  const [run, ...rest] = await imageArguments();
  const preload = fileURLToPath(new URL("tests/support/kv_connect.ts", ROOT));
  const paths = { "/app": "program", "/data": "data", "/deno-dir": "cache" };
  const ask = (ROLE: string, wait: number, check: (answer: Record<string, unknown>) => void) =>
    startsWith([run!, "--preload", preload, ...rest], paths, async (api) => {
      const response = await fetch(`${api}/conversations/queue`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          prefer: `wait=${wait}`,
        },
        body: JSON.stringify({ conversation_id: "c", bot_id: "b", user_message: "Hello?" }),
      });
      check(await response.json());
    }, { KV_URL: "http://127.0.0.1:9", ROLE });
  await ask("all", 10, ({ result }) => assert.match(JSON.stringify(result), /"source":"none"/));
  await ask("web", 0, (answer) => assert.match(String(answer.task_id), /^conversations-/));
});

Deno.test("compose: every service drops its privileges and has a memory limit; nothing is open to the world", async () => {
  const compose = parse(await read("compose.yaml"));
  const names = Object.keys(compose.services);
  assert.deepEqual(names, ["pixel", "redis", "prometheus", "grafana"]);
  for (const name of names) {
    const service = compose.services[name];
    assert.deepEqual(service.cap_drop, ["ALL"], name);
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    assert.ok(service.mem_limit, name);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(":");
      if (source.startsWith("./")) await Deno.stat(new URL(source, ROOT));
      else assert.ok(source in compose.volumes, `${name}: ${source}`);
    }
  }
  assert.deepEqual(compose.services.prometheus.profiles, ["observability"]);
  assert.deepEqual(compose.services.grafana.profiles, ["observability"]);
  const config = parse(await read("deploy/prometheus.yml"));
  const token = config.scrape_configs[0].authorization.credentials_file;
  assert.ok(compose.services.prometheus.secrets.includes(token.replace("/run/secrets/", "")));
});

Deno.test("compose: a secret of the environment is given to no service whose root is read-only, which Compose refuses", async () => {
  const { services, secrets } = parse(await read("compose.yaml"));
  const fromEnvironment = Object.keys(secrets).filter((name) => "environment" in secrets[name]);
  assert.deepEqual(fromEnvironment, ["metrics_token"]);
  for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
    const given = (service.secrets ?? []) as string[];
    if (!given.some((secret) => fromEnvironment.includes(secret))) continue;
    assert.ok(!service.read_only, name);
  }
});

Deno.test("compose: the file of secrets beside it gets neither into the image nor into a commit", async () => {
  const { services } = parse(await read("compose.yaml"));
  const [{ path }] = services.pixel.env_file;
  assert.equal(path, ".env");
  assert.match(await read(".dockerignore"), /^\.env\*?$/m);
  assert.match(await read(".gitignore"), /^\/\.env$/m);
});

Deno.test("promtool accepts configuration and alert rules, and the rules fire when they should", async () => {
  const path = (name: string) => fileURLToPath(new URL(`deploy/${name}`, ROOT));
  await promtool(["check", "config", "--syntax-only", path("prometheus.yml")]);
  await promtool(["check", "rules", path("alerts.yml")]);
  await promtool(["test", "rules", path("alerts_test.yml")]);
});

/** The metrics of a PromQL expression: names that are no function, keyword, label or text. */
function metricsIn(expression: string): string[] {
  const bare = expression.replaceAll(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const words = bare.matchAll(/(?<![\w$:.])[a-zA-Z_:][\w:]*(?!\w*\s*\()/g);
  const known = /^(?:and|or|unless|bool|offset|inf|nan|sum|avg|min|max|count|up|ALERTS)$/i;
  return [...words].map(([word]) => word).filter((word) => !known.test(word));
}

Deno.test("every metric that a rule or the dashboard names is one that the service has", async () => {
  await using service = await TestService.start({ env: { METRICS_OPEN: "true" } });
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const known = new Set<string>();
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    known.add(name!);
    if (type === "histogram") {
      for (const suffix of ["_bucket", "_sum", "_count"]) known.add(name + suffix);
    }
  }
  const dashboard = JSON.parse(await read("deploy/grafana/pixel_performance.json"));
  const rules = parse(await read("deploy/alerts.yml"));
  const expressions: string[] = [
    ...dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
      panel.targets.map((target) => target.expr)
    ),
    ...rules.groups.flatMap((group: { rules: { expr: string }[] }) =>
      group.rules.map((rule) => rule.expr)
    ),
  ];
  assert.ok(expressions.length > 20);
  const seen = new Set<string>();
  for (const expression of expressions) {
    for (const name of metricsIn(expression)) {
      assert.ok(known.has(name), `${name} in ${expression}`);
      seen.add(name);
    }
  }
  assert.ok(seen.size > 20, `${seen.size} metrics`);
  const ids = dashboard.panels.map((panel: { id: number }) => panel.id);
  assert.equal(new Set(ids).size, ids.length);
});
