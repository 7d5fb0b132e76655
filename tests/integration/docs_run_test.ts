import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/config.ts";
import { webhookSecret } from "../../lib/notifications/webhook.ts";
import { recorded, writeConversations } from "../support/cli.ts";
import { type DocCommand, docCommands } from "../support/doc_commands.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { writePlatformDatabase } from "../support/platform_database.ts";
import { python } from "../support/python.ts";
import { type Place, Reader } from "../support/reader.ts";
import { RedisServer } from "../support/redis.ts";
import { startBucket } from "../support/s3.ts";
import { freePort } from "../support/ports.ts";

/** Commands of the pages that this test does not run, and why. Everything else is run. */
const NOT_RUN: [command: RegExp, why: string][] = [
  [/^(npx -y deno@[\d.]+|deno) task (ok|test|test:long)\b/, "it runs this very test"],
  [/^deno task bench /, "minutes of measuring, some of it beside peers; bench/ has tests"],
  [/^deno run -A tools\/lighthouse\.ts/, "needs Lighthouse and Chromium; the browser suite has it"],
  [/^deno task soak /, "half an hour, as the page says; tools/soak has tests"],
  [/docker compose /, "needs a container engine; tests/integration/deploy_test.ts reads its files"],
  [/^KV_URL=… /, "needs a KV Connect server; cli_process_test.ts holds what it starts"],
  [
    /api\.deno\.com|^deno deploy\b/,
    "needs an account on Deno Deploy; deno_deploy_test.ts has that mode",
  ],
  [/^(celery|redis-cli LLEN) /, "what the page says to leave behind"],
  [/^curl --data @body\.json$/, "not a command, but how to write one"],
];

/** The exit codes that a page allows a command; 0 for all others. */
const ENDS_WITH: [command: RegExp, codes: number[]][] = [
  [/pixel status\b/, [0, 1]], // a busy machine counts as degraded
];

const isRun = ({ text }: DocCommand) => !NOT_RUN.some(([command]) => command.test(text));

/** Follows one page; `before` may prepare what a command needs, and say what stands for its names. */
async function follow(
  page: string,
  place: (folder: string) => Place | Promise<Place>,
  before: (command: string, reader: Reader) => Promise<string | void> | void = () => {},
): Promise<string[]> {
  const commands = docCommands(await Deno.readTextFile(page)).filter(isRun);
  const folder = await Deno.makeTempDir({ prefix: "pixel-docs-" });
  const outputs: string[] = [];
  try {
    await using reader = new Reader(folder, await place(folder));
    for (const { text, line } of commands) {
      const { code, output } = await reader.run(await before(text, reader) ?? text);
      const codes = ENDS_WITH.find(([command]) => command.test(text))?.[1] ?? [0];
      assert.ok(codes.includes(code), `${page}:${line}: ${text}\nended with ${code}: ${output}`);
      outputs.push(output);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return outputs;
}

/** curl that ends with a code when it is refused. */
const CURL: [RegExp, string] = [/\bcurl /g, "curl --fail-with-body "];

Deno.test("README: every command does what it says, from the first start on", async () => {
  assert.match(
    await Deno.readTextFile("README.md"),
    new RegExp(`npx -y deno@${Deno.version.deno}`),
  );
  await using redis = await RedisServer.start();
  await using model = startOpenAIServer();
  const outputs = await follow("README.md", async (folder) => {
    const talks = join(folder, "conversations.ndjson.gz");
    await writeConversations(talks, [recorded("a", "When do you open?"), recorded("b", "Hello")]);
    return {
      instead: [
        CURL,
        ["wait=10", "wait=25"], // a busy machine answers later than a reader would wait
        [/PIXEL_TOKEN=….*\$\((.*)\)/g, 'PIXEL_TOKEN="$(cat data/admin-token)"'],
        ["data/admin-token", join(folder, "data/admin-token")],
        ["conversations.ndjson.gz", talks],
        ["redis://127.0.0.1:6379", redis.url],
        ["http://127.0.0.1:11434/v1", model.baseUrl],
      ],
    };
  });
  const answers = outputs.filter((output) => output.includes('"response":'));
  assert.match(answers[0]!, /"response":"At 6:30, on weekends at 7:00\."/);
  assert.ok(outputs.some((output) => output.includes("2 imported")));
  assert.ok(model.requests.length > 0, "the model was asked");
});

Deno.test("getting started: the demo, the start, the import of its own example, the replay", async () => {
  const page = "docs/getting_started.md";
  const example = /```json\n([\s\S]*?)```/.exec(await Deno.readTextFile(page))![1]!;
  const outputs = await follow(page, async (folder) => {
    const talks = join(folder, "conversations.ndjson.gz");
    await writeConversations(talks, [JSON.parse(example)]);
    return { instead: [["conversations.ndjson.gz", talks]] };
  });
  assert.ok(outputs.some((output) => output.includes("1 imported")), outputs.join("\n"));
});

Deno.test("operations: by hand from start to stop, and everything elsewhere", async () => {
  await using bucket = await startBucket();
  const { endpoint, keyId, secret } = bucket.config;
  const uploaded = async (reader: Reader) => {
    type Listed = { backups: { in_bucket: boolean }[] };
    for (;;) {
      const { backups } = await reader.ask<Listed>("GET", "/maintenance/backups");
      if (backups.every((backup) => backup.in_bucket)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const outputs = await follow(
    "docs/operations.md",
    (folder) => ({
      env: { ...bucket.env, BACKUP_S3_PREFIX: "pixel-performance" },
      instead: [
        ["https://s3.eu-central-1.example.com", endpoint],
        ["BACKUP_S3_KEY_ID=…", `BACKUP_S3_KEY_ID=${keyId}`],
        ["BACKUP_S3_SECRET=…", `BACKUP_S3_SECRET=${secret}`],
        ["everything.gz", join(folder, "everything.gz")],
        ["/srv/pixel", join(folder, "moved")],
        ["conversations.ndjson", join(folder, "conversations.ndjson")],
      ],
    }),
    async (command, reader) => {
      if (/pixel export (?!--all)|pixel backup(?!.* --from)/.test(command)) {
        await reader.needService();
      }
      if (/pixel restore .* --verify/.test(command)) {
        await uploaded(reader);
        await reader.stopService();
      }
    },
  );
  const counts = outputs.flatMap((output) => /^(\d+) entries$/m.exec(output)?.[1] ?? []);
  assert.equal(counts.length, 2);
  assert.equal(counts[0], counts[1], "what was exported was imported");
});

Deno.test("migrating: the history of a platform, and a Celery task at an address", async () => {
  const program = await python("celery", ["celery"]);
  const outputs = await follow("docs/migrating.md", (folder) => {
    const database = join(folder, "platform.db");
    writePlatformDatabase(database);
    return {
      instead: [
        ["platform.db", database],
        ["conversations.ndjson", join(folder, "conversations.ndjson")],
        ["whsec_…", webhookSecret()],
        ["PORT=8090", `PORT=${freePort()}`],
        [/\bQUEUE\b/g, "analytics"],
        ["python3", `${program} -B`],
      ],
    };
  });
  assert.ok(outputs.some((output) => output.includes("2 imported")), outputs.join("\n"));
});

Deno.test("runbook: every first command is answered", async () => {
  await using redis = await RedisServer.start();
  await using hook = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(null, { status: 400 }),
  );
  const failed = async (reader: Reader) => {
    for (;;) {
      const path = "/tasks?status=failed&queue=notifications";
      const { tasks } = await reader.ask<{ tasks: { task_id: string }[] }>("GET", path);
      if (tasks[0]) return tasks[0].task_id;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const outputs = await follow(
    "docs/runbook.md",
    () => ({
      instead: [CURL, ["/tasks/ID", "/tasks/$ID"], ["/notifications/ID", "/notifications/$ID"]],
      env: {
        REDIS_URL: redis.url,
        ALERT_WEBHOOK_URL: `http://127.0.0.1:${hook.addr.port}/`,
      },
    }),
    async (command, reader) => {
      if (command.startsWith("PIXEL=")) {
        // An alert without a hold time, so that one is raised; and with it a webhook that fails.
        await reader.run("DISK_RESERVE=8000t deno task start");
        await failed(reader);
        return `export PIXEL_TOKEN=${await reader.token()}\n${command}`;
      }
      if (command.includes("/alerts/cpu/acknowledge")) {
        return command.replace("cpu", "disk_reserve");
      }
      if (command.includes("/tasks/ID/retry")) {
        await reader.run("deno task start");
        return `ID=${await failed(reader)}\n${command}`;
      }
      if (command.includes("/notifications/ID/")) {
        await failed(reader);
        const path = "/notifications?delivery_status=failed";
        const { notifications } = await reader.ask<
          { notifications: { notification_id: string }[] }
        >(
          "GET",
          path,
        );
        return `ID=${notifications[0]!.notification_id}\n${command}`;
      }
      return command.replace("/schedules/NAME/", "/schedules/health-report/");
    },
  );
  assert.ok(outputs.some((output) => output.includes("PONG")));
  assert.ok(outputs.some((output) => /"silenced":\{"by":.*"until"/.test(output)));
});

Deno.test("API: the first request is answered", async () => {
  const [health] = await follow("docs/api.md", () => ({ instead: [CURL] }), async (_, reader) => {
    await reader.needService();
    await reader.run(`export PIXEL_TOKEN=${await reader.token()}`);
  });
  assert.match(health!, /"health_report"/);
});

Deno.test("security: the settings for signing in with a provider are ones that a start takes", async () => {
  const block = /```sh\n([\s\S]*?)```/.exec(await Deno.readTextFile("docs/security.md"))![1]!;
  const lines = block.trim().split("\n").map((line) => line.replace(/\s+#.*$/, "").split("="));
  const env = Object.fromEntries(lines.map(([name, ...value]) => [name!, value.join("=")]));
  assert.ok(loadConfig({ ...env, OAUTH_CLIENT_ID: "id", OAUTH_CLIENT_SECRET: "a secret" }).auth);
  await follow("docs/security.md", () => ({ instead: [] }));
});

Deno.test("docs: of every other page each command is run, or named above with a reason", async () => {
  const followed = ["getting_started", "operations", "migrating", "runbook", "api", "security"];
  const all = docCommands(await Deno.readTextFile("README.md"));
  for await (const { name } of Deno.readDir("docs")) {
    if (!name.endsWith(".md")) continue;
    all.push(...docCommands(await Deno.readTextFile(`docs/${name}`)));
    if (followed.includes(name.replace(/\.md$/, ""))) continue;
    await follow(`docs/${name}`, () => ({ instead: [] }), async (command, reader) => {
      if (/pixel recount/.test(command)) await reader.needService();
    });
  }
  for (const [command, why] of NOT_RUN) {
    assert.ok(all.some(({ text }) => command.test(text)), `nothing is left out because: ${why}`);
  }
});
