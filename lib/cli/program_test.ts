import assert from "node:assert/strict";
import { runCommand } from "../../tests/support/cli.ts";
import { connect } from "./connect.ts";
import { formatBytes, formatCount, formatMs } from "./format.ts";
import { ProgressBar } from "./progress_bar.ts";
import { formatTable } from "./table.ts";

Deno.test("command line: help names every command, a wrong one is a usage error", async () => {
  const help = await runCommand(["--help"]);
  assert.equal(help.exitCode, 0);
  const commands =
    ("start stop restart worker status dashboard monitor logs test doctor tasks queue schedule " +
      "cache report export backup restore token recount").split(" ");
  for (const word of [...commands, "import", "replay", "demo", "Examples:", "--json"]) {
    assert.ok(help.out.includes(word), word);
  }
  for (
    const args of [["nonsense"], ["replay"], ["replay", "x", "--rate", "0"], ["import", "-x"], [
      "tasks",
      "list",
      "--limit",
      "0",
    ]]
  ) {
    const run = await runCommand(args);
    assert.equal(run.exitCode, 2, args.join(" "));
    assert.match(run.err, /^error: /);
    assert.equal(run.out, "");
  }
});

Deno.test("command line: address and token come from the environment", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/admin-token`, "from-the-folder\n");
    assert.equal((await connect({ DATA_DIR: folder })).url, "http://127.0.0.1:8002");
    assert.equal((await connect({ DATA_DIR: folder, PORT: "99" })).url, "http://127.0.0.1:99");
    const api = await connect({ PIXEL_URL: "https://a.example", PIXEL_TOKEN: "t" });
    assert.equal(api.url, "https://a.example");
    assert.equal((await connect({ ADMIN_TOKEN: "t" }, { url: "http://b" })).url, "http://b");
    await assert.rejects(connect({ PIXEL_URL: "ftp://a", PIXEL_TOKEN: "t" }), /no http address/);
    await assert.rejects(connect({ DATA_DIR: `${folder}/none` }), /no token: set PIXEL_TOKEN/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("command line: a table fits the terminal, and cuts text before numbers", () => {
  const columns = [{ title: "name" }, { title: "count", align: "right" as const }];
  const rows = [["a long name that goes on and on", "12,345"], ["b\x1b[31m\nc", "7"]];
  assert.equal(
    formatTable(columns, rows, 100),
    "name                              count\n" +
      "a long name that goes on and on  12,345\n" +
      "b [31m c                              7\n",
  );
  assert.equal(
    formatTable(columns, rows, 20),
    "name           count\na long name…  12,345\nb [31m c           7\n",
  );
});

Deno.test("command line: numbers are written for people", () => {
  assert.equal(formatCount(1234567), "1,234,567");
  assert.deepEqual([0.123, 7.26, 999, 1_250, 200_000].map(formatMs), [
    "0.1 ms",
    "7.3 ms",
    "999 ms",
    "1.25 s",
    "3 min 20 s",
  ]);
  assert.deepEqual([5, 3_400, 1_200_000].map(formatBytes), ["5 B", "3.4 KB", "1.2 MB"]);
});

Deno.test("command line: progress is drawn for a terminal only, and taken away", () => {
  const drawn = (errIsTerminal: boolean) => {
    let text = "";
    const bar = new ProgressBar({
      env: {},
      out: () => {},
      err: (more) => text += more,
      outIsTerminal: false,
      errIsTerminal,
      columns: 50,
      signal: new AbortController().signal,
    }, "Importing");
    bar.update(1, 2, "half of it, with a note that is longer than the line");
    bar.clear();
    return text;
  };
  assert.equal(drawn(false), "");
  const bar = "████████████░░░░░░░░░░░░  50%  half of ";
  assert.equal(drawn(true), `\r\x1b[KImporting ${bar}\r\x1b[K`);
});
