import assert from "node:assert/strict";
import { runCommand } from "../../tests/support/cli.ts";
import { LogFile } from "../log_file.ts";

const line = (n: number, more: object = {}) =>
  JSON.stringify({ at: "2026-01-05T10:00:00Z", level: "info", message: `line ${n}`, ...more });

/** Follows a log and gives what was shown once `fits` holds. */
async function following(
  path: string,
  write: (until: (fits: (shown: string[]) => boolean) => Promise<void>) => Promise<void>,
  ...words: string[]
): Promise<string[]> {
  const stop = new AbortController();
  let text = "";
  let wake = () => {};
  const shown = () => text.split("\n").filter(Boolean).map((each) => JSON.parse(each).message);
  const running = runCommand(["logs", ...words, "--follow", "--json"], {
    env: { LOG_FILE: path },
    out: (more) => (text += more, wake()),
    signal: stop.signal,
  });
  await write(async (fits) => {
    while (!fits(shown())) await new Promise<void>((resolve) => wake = resolve);
  });
  stop.abort(new Error("stopped by the user"));
  assert.equal((await running).exitCode, 0);
  return shown();
}

Deno.test("logs --follow: every line once, over turnings of the file, however many at once", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/pixel.log`;
  const expected: string[] = [];
  try {
    using log = new LogFile({ path, maxBytes: 400, kept: 5 });
    let n = 0;
    const write = (count: number) => {
      for (let added = 0; added < count; added++, n++) {
        log.write(line(n));
        expected.push(`line ${n}`);
      }
    };
    write(3);
    const shown = await following(path, async (until) => {
      await until((shown) => shown.length === n);
      write(2); // into the file that is open
      await until((shown) => shown.length === n);
      // Several files full while nobody looks: what is not yet shown lies in those turned over.
      for (let burst = 0; burst < 5; burst++) {
        write(17);
        await until((shown) => shown.at(-1) === expected.at(-1));
      }
    });
    assert.deepEqual(shown, expected);
    assert.ok(Deno.statSync(`${path}.5`).isFile, "the file was turned over");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("logs --follow: only what was asked for, and a line that is written in two halves is one", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/pixel.log`;
  try {
    const [first, second] = [line(1, { queue: "default" }), line(2, { level: "warn" })];
    await Deno.writeTextFile(path, `${first}\n${second.slice(0, 20)}`);
    const add = (text: string) => Deno.writeTextFile(path, text, { append: true });
    const shown = await following(
      path,
      async (until) => {
        await add(`${second.slice(20)}\n${line(3)}\n${line(4, { level: "error" })}\n`);
        await until((shown) => shown.includes("line 4"));
      },
      "--level",
      "warn",
    );
    assert.deepEqual(shown, ["line 2", "line 4"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
