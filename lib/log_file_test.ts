import assert from "node:assert/strict";
import { LogFile } from "./log_file.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

Deno.test("log file: turned over before it grows too large, and only so many are kept", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/logs/pixel.log`;
    {
      using log = new LogFile({ path, maxBytes: 30, kept: 2 });
      for (let n = 0; n < 10; n++) log.write(`line number ${n}`);
    }
    assert.deepEqual(names(`${folder}/logs`), ["pixel.log", "pixel.log.1", "pixel.log.2"]);
    const read = (suffix: string) => Deno.readTextFileSync(path + suffix);
    assert.equal(read(""), "line number 8\nline number 9\n");
    assert.equal(read(".1"), "line number 6\nline number 7\n");
    assert.equal(read(".2"), "line number 4\nline number 5\n");
    using again = new LogFile({ path, maxBytes: 1_000 });
    again.write("after a restart it goes on");
    assert.equal(read(""), "line number 8\nline number 9\nafter a restart it goes on\n");
    again.write("x".repeat(2_000));
    assert.equal(read(""), "x".repeat(2_000) + "\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
