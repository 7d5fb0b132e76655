import assert from "node:assert/strict";
import { join } from "node:path";
import { tempFolder } from "../tests/support/temp_folder.ts";
import { runChild } from "./child.ts";
import { RunFolder } from "./run_folder.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

/** As if it had been made an hour ago. */
async function age(path: string): Promise<void> {
  const then = new Date(Date.now() - 3_600_000);
  await Deno.utime(path, then, then);
}

Deno.test("run folder: it goes with the run; those of runs that are gone go at the next start", async () => {
  await using parent = await tempFolder();
  const left = join(parent.path, "pixel-run-left");
  await Deno.mkdir(join(left, "pixel-test-x"), { recursive: true });
  await Deno.writeTextFile(join(left, "lock"), "");
  const unlocked = join(parent.path, "pixel-run-unlocked");
  await Deno.mkdir(unlocked);
  await Deno.mkdir(join(parent.path, "another's"));
  for (const path of [left, unlocked]) await age(path);
  await Deno.mkdir(join(parent.path, "pixel-run-young"));
  {
    using first = await RunFolder.make(parent.path);
    await age(first.path);
    await Deno.writeTextFile(join(first.path, "rest"), "of a test");
    await age(first.path);
    using second = await RunFolder.make(parent.path);
    const here = [first.path, second.path, join(parent.path, "pixel-run-young"), "another's"];
    assert.deepEqual(
      names(parent.path).sort(),
      here.map((path) => path.slice(path.lastIndexOf("/") + 1)).sort(),
    );
  }
  assert.deepEqual(names(parent.path).sort(), ["another's", "pixel-run-young"]);
});

Deno.test("run folder: a run that is killed leaves it, and no later one keeps it", async () => {
  await using parent = await tempFolder();
  const module = new URL("./run_folder.ts", import.meta.url).href;
  const code = `const { RunFolder } = await import("${module}");
    await RunFolder.make("${parent.path}");
    Deno.kill(Deno.pid, "SIGKILL");`;
  const ended = await runChild(Deno.execPath(), ["eval", code], { limitMs: 60_000 });
  assert.equal(ended.success, false);
  const [killed] = names(parent.path);
  await age(join(parent.path, killed!));
  (await RunFolder.make(parent.path))[Symbol.dispose]();
  assert.deepEqual(names(parent.path), []);
});

Deno.test("run folder: the tests of a run have it as TMPDIR", () => {
  const folder = Deno.env.get("TMPDIR");
  assert.match(folder ?? "", /\/pixel-run-[^/]+$/);
  assert.ok(names(folder!).includes("lock"));
});
