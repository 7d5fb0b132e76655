import assert from "node:assert/strict";
import { join } from "node:path";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import { AppError } from "../errors.ts";
import { lockDataDir } from "./data_lock.ts";

const lockModule = new URL("./data_lock.ts", import.meta.url).href;

/** A process of its own that holds the lock of `dir` until it is killed. */
async function holder(dir: string): Promise<Deno.ChildProcess> {
  const code = `
    import { lockDataDir } from ${JSON.stringify(lockModule)};
    await lockDataDir(Deno.args[0]);
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code, dir],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value).trim(), "locked");
  await reader.cancel();
  return child;
}

const inUse = (error: unknown) => error instanceof AppError && error.code === "conflict";

Deno.test("another process is refused with a line that names the holder; SIGKILL frees", async () => {
  const dir = await Deno.makeTempDir();
  const child = await holder(dir);
  try {
    await assert.rejects(lockDataDir(dir), (error: Error) => {
      assert.ok(inUse(error));
      assert.match(
        error.message,
        new RegExp(`^DATA_DIR ${dir} is in use by process ${child.pid} since `),
      );
      return true;
    });
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  await using lock = await lockDataDir(dir);
  assert.equal(lock.path, join(dir, "lock"));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("one process cannot hold it twice, and releasing it lets the next one in", async () => {
  await using parent = await tempFolder();
  const dir = join(parent.path, "new", "folder");
  const first = await lockDataDir(dir);
  await assert.rejects(lockDataDir(dir), inUse);
  await first.release();
  await first.release();
  const second = await lockDataDir(dir);
  await second.release();
});

Deno.test("a folder that cannot be made is named", async () => {
  const file = await Deno.makeTempFile();
  await assert.rejects(
    lockDataDir(join(file, "data")),
    /^AppError: DATA_DIR .*data cannot be used: /,
  );
  await Deno.remove(file);
});
