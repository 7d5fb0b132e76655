import assert from "node:assert/strict";
import { runCommand } from "../support/cli.ts";
import { TestService } from "../support/service.ts";

const README = await Deno.readTextFile("README.md");
const ARCHITECTURE = await Deno.readTextFile("ARCHITECTURE.md");

/** The shell commands of a README section, an array of words each, variables filled in. */
function commandsOf(heading: string, variables: Record<string, string>): string[][] {
  const section = README.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
  const script = blocks.join("\n").replaceAll("\\\n", " ");
  const commands: string[][] = [[]];
  const token = /\n|"((?:[^"\\]|\\.)*)"|'([^']*)'|#[^\n]*|[^\s"']+/g;
  for (const [whole, double, single] of script.matchAll(token)) {
    if (whole === "\n") commands.push([]);
    else if (!whole.startsWith("#")) {
      const expanded = (double ?? whole).replaceAll(/\$(\w+)/g, (_, name) => {
        assert.ok(Object.hasOwn(variables, name), `the README sets no variable ${name}`);
        return variables[name]!;
      });
      commands.at(-1)!.push(single ?? expanded);
    }
  }
  return commands.filter((words) => words.length > 0);
}

/** Does what curl would do with these words. */
async function curl(words: string[], url: string): Promise<{ status: number; text: string }> {
  const headers = new Headers();
  let method: string | undefined, body: string | undefined, target = "";
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "-s") continue;
    else if (word === "-X") method = words[++at]!;
    else if (word === "-d") body = words[++at]!;
    else if (word === "-H") headers.set(...words[++at]!.split(": ", 2) as [string, string]);
    else if (word.startsWith("http")) target = word.replace("http://127.0.0.1:8002", url);
    else throw new Error(`curl is not known to take ${word}`);
  }
  const response = await fetch(target, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body: body ?? null,
  });
  return { status: response.status, text: await response.text() };
}

Deno.test("README: the first conversation goes as it says", async () => {
  await using service = await TestService.start();
  const commands = commandsOf("First conversation", { PIXEL_TOKEN: service.token });
  const curls = commands.filter(([name]) => name === "curl");
  assert.equal(curls.length, 2);
  let last = "";
  for (const [, ...words] of curls) {
    const { status, text } = await curl(words, service.url);
    assert.equal(status, 200, text);
    last = text;
  }
  assert.equal(JSON.parse(last).result.response, "At 6:30, on weekends at 7:00.");
});

Deno.test("README: the command line does what it shows, and knows what it names", async () => {
  await using service = await TestService.start();
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
  for (const [, , ...args] of commandsOf("Command line", {})) {
    const [, ...words] = args;
    if (words[0] === "monitor") continue; // ends with Ctrl-C only
    const { exitCode, err } = await runCommand(words, { env });
    assert.ok(exitCode === 0 || words[0] === "status", `${words.join(" ")}: ${err}`);
  }
  const named = [...README.matchAll(/deno task (import|replay|demo)\b/g)].map((m) => m[1]!);
  for (const name of new Set(named)) {
    assert.equal((await runCommand([name, "--help"])).exitCode, 0, name);
  }
});

Deno.test("ARCHITECTURE: the key map names every kind of key that the service writes", async () => {
  await using service = await TestService.start();
  const queue = (id: string) => ({ conversation_id: id, bot_id: "b", user_message: "Hello" });
  const at = "2026-01-05T10:00:00Z";
  await service.request("PUT", "/bots/b", {
    name: "B",
    knowledge: [{ question: "Hello", answer: "Hi" }],
  });
  await service.request("POST", "/conversations/queue", queue("1"), {
    prefer: "wait=20",
    "idempotency-key": "k",
  });
  await service.request("POST", "/conversations/batch", { conversations: [queue("2")] });
  const line = { conversation_id: "3", user_id: "u", bot_id: "b", status: "completed" };
  const messages = [{ role: "user", content: "Hello", at }];
  const headers = { authorization: `Bearer ${service.token}`, "content-type": "text/plain" };
  const imported = await fetch(`${service.url}/api/performance/conversations/import`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...line, messages }),
  });
  await imported.body?.cancel();
  await service.request("GET", "/analytics/daily?date=2026-01-05");
  await service.request("PUT", "/queues/default/pause");
  await service.request("GET", "/health");
  // What the bot does not know, and a person who is erased.
  const strange = { ...queue("4"), user_message: "Does it rain on Mars?", user_id: "gone" };
  await service.request("POST", "/conversations/queue", strange, { prefer: "wait=20" });
  const erasing = await service.request("DELETE", "/users/gone");
  assert.equal(erasing.status, 200, JSON.stringify(erasing.body));
  await service.stop();

  const documented = new Set<string>();
  for (const [, text] of ARCHITECTURE.matchAll(/`\[("[^\]`]*)\]`/g)) {
    const [root, seconds] = text!.split(", ");
    for (const second of (seconds ?? "").split(" or ")) documented.add(`${root} ${second}`);
  }
  using kv = await Deno.openKv(`${service.dataDir}/pixel.sqlite`);
  const unknown = new Set<string>();
  for await (const { key: [root, second] } of kv.list({ prefix: [] })) {
    const named = documented.has(`"${String(root)}" "${String(second)}"`);
    // Of these, only the room has a name; what follows is a day, an instant or a name of its own.
    const known = named || ["once", "reports", "audit", "alerts", "job"].includes(String(root));
    if (!known) unknown.add(`${String(root)} ${String(second)}`);
  }
  assert.deepEqual([...unknown], []);
});
