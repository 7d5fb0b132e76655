import assert from "node:assert/strict";
import { runCommand } from "../support/cli.ts";
import { TestService } from "../support/service.ts";

const TASKS: Record<string, string> = JSON.parse(await Deno.readTextFile("deno.json")).tasks;
const PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];
for await (const { name } of Deno.readDir("docs")) {
  if (name.endsWith(".md")) PAGES.push(`docs/${name}`);
}

/** Every `deno task …` of a page, in blocks and within sentences, as words. */
function commandsOf(text: string): string[][] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    block!.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/\s#.*$/, ""))
  );
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/`([^`]+)`/g)]
    .map(([, span]) => span!.replaceAll("\n", " "));
  return [...blocks, ...spans].flatMap((line) => {
    const found = /deno(?:@[\d.]+)? task (?:-q )?([a-z][^|&;<>]*)/.exec(line);
    return found ? [found[1]!.trim().split(/\s+/)] : [];
  });
}

Deno.test("docs: every task that a page names exists, and every command with its options", async () => {
  let commands = 0;
  for (const page of PAGES) {
    for (const [task, ...words] of commandsOf(await Deno.readTextFile(page))) {
      const place = `${page}: deno task ${[task, ...words].join(" ")}`;
      assert.ok(task! in TASKS, place);
      const isCommand = task === "pixel" || / pixel\.ts \w+$/.test(TASKS[task!]!);
      if (!isCommand) continue;
      const line = task === "pixel" ? words : [task!, ...words];
      commands += await known(line, place);
    }
  }
  assert.ok(commands > 20, `${commands} commands were looked at`);
});

/** Served beside the API, or the document itself. */
const OPEN_TO_ALL = ["GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"];

/** Follows the words down to a command; its help must know every option. */
async function known(words: string[], place: string): Promise<number> {
  const path = words.filter((word) => /^[a-z][a-z-]*$/.test(word)).slice(0, 2);
  const options = words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0]!);
  if (path.length === 0) return 0;
  const general = (await runCommand(["--help"])).out;
  let help = (await runCommand([path[0]!, "--help"])).out;
  assert.match(help, new RegExp(`^Usage: pixel ${path[0]}\\b`), place);
  if (path[1] && /^Commands:$/m.test(help)) {
    help = (await runCommand([...path, "--help"])).out;
    assert.match(help, new RegExp(`^Usage: pixel ${path[0]} ${path[1]}\\b`), place);
  }
  for (const option of options) {
    assert.ok(help.includes(option) || general.includes(option), `${place}: ${option}`);
  }
  return 1;
}

Deno.test("docs: every request that a page names is one of the API", async () => {
  await using service = await TestService.start();
  const { body } = await service.request<{ paths: Record<string, object> }>("GET", "/openapi.json");
  const calls = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) =>
      new RegExp(
        `^${method} ${path.replace("/api/performance", "").replaceAll(/\{\w+\}/g, "[^/]+")}$`,
        "i",
      )
    )
  );
  let requests = 0;
  const unknown: string[] = [];
  for (const page of PAGES) {
    const text = await Deno.readTextFile(page);
    for (
      const [, method, path] of text.matchAll(/`(?:ask )?(GET|POST|PUT|DELETE)\s+'?(\/[^\s`?']*)/g)
    ) {
      const request = `${method} ${path!.replace(/^\/api\/performance\//, "/")}`;
      const known = OPEN_TO_ALL.includes(request) || calls.some((call) => call.test(request));
      if (!known) unknown.push(`${page}: ${request}`);
      requests++;
    }
  }
  assert.deepEqual(unknown, []);
  assert.ok(requests > 50, `${requests} requests were looked at`);
});

/** Every command's path of names, found in the help as a person finds them. */
async function commandPaths(path: string[] = []): Promise<string[][]> {
  const { out } = await runCommand([...path, "--help"]);
  const list = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(out)?.[1] ?? "";
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
  const below = names.filter((name) => name !== "help").map((name) =>
    commandPaths([...path, name])
  );
  return [...(path.length > 0 ? [path] : []), ...(await Promise.all(below)).flat()];
}

Deno.test("help: every command has an example, and every example is a command with its options", async () => {
  const paths = await commandPaths();
  assert.ok(paths.length > 40, `${paths.length} commands`);
  for (const path of paths) {
    const { out } = await runCommand([...path, "--help"]);
    const examples = /\nExamples?:\n((?: {2}\S.*\n?)+)/.exec(out)?.[1]?.trim().split("\n") ?? [];
    const own = examples.map((line) => /deno task (?:pixel )?(.*)/.exec(line)?.[1]?.split(" "));
    assert.ok(own.length > 0, `${path.join(" ")} has no example`);
    for (const words of own) {
      assert.ok(words, `${path.join(" ")}: ${examples}`);
      assert.deepEqual(words.slice(0, path.length), path);
      await known(words, examples.join("\n"));
    }
  }
});
