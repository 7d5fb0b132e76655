import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { RedisServer } from "../support/redis.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the example in a folder of its own, which links the project as the documentation says. */
async function runExample(...args: string[]): Promise<unknown> {
  const folder = await Deno.makeTempDir();
  const config = {
    links: [relative(folder, root)],
    imports: { "@pixel/performance": "jsr:@pixel/performance@^0.1.0" },
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  await Deno.copyFile(join(root, "examples/embed/cache.ts"), join(folder, "cache.ts"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--allow-net", "--allow-env", "cache.ts", ...args],
    cwd: folder,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  await Deno.remove(folder, { recursive: true });
  return JSON.parse(new TextDecoder().decode(stdout));
}

const expected = { cents: [99, 199, 299, 99, 199, 299, 199, 99], asked: 4, hits: 1, misses: 7 };

Deno.test("the cache works in a program outside the project, in its process alone", async () => {
  assert.deepEqual(await runExample(), expected);
});

Deno.test("the cache works in a program outside the project, over Redis", async () => {
  await using server = await RedisServer.start();
  assert.deepEqual(await runExample(server.url), expected);
});
