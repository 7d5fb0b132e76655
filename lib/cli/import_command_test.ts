import assert from "node:assert/strict";
import { recorded, runCommand, writeConversations } from "../../tests/support/cli.ts";
import { STAND_IN_TOKEN, startStandIn } from "../../tests/support/stand_in_service.ts";

Deno.test("import: a file arrives whole, a gzipped one as it is", async () => {
  await using service = startStandIn();
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: STAND_IN_TOKEN };
  const folder = await Deno.makeTempDir();
  const lines = Array.from({ length: 3_000 }, (_, n) => recorded(`talk-${n}`, "hello", "bye"));
  try {
    for (const [name, encoding] of [["a.ndjson", null], ["a.ndjson.gz", "gzip"]] as const) {
      await writeConversations(`${folder}/${name}`, lines);
      const run = await runCommand(["import", `${folder}/${name}`], { env });
      assert.deepEqual(run, { exitCode: 0, out: "3,000 imported\n", err: "" });
      assert.equal(service.imported.encoding, encoding);
      assert.deepEqual(service.imported.lines.map((line) => JSON.parse(line)), lines);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("import: rejected lines are named and make the exit code 1", async () => {
  await using service = startStandIn();
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: STAND_IN_TOKEN };
  const path = await Deno.makeTempFile({ suffix: ".ndjson" });
  try {
    await writeConversations(path, [recorded("a", "hello"), "rubbish\n"]);
    const run = await runCommand(["import", path], { env });
    assert.equal(run.exitCode, 1);
    assert.equal(run.out, "1 imported, 1 rejected\n");
    assert.equal(run.err, "line 2: is no JSON\n");
    const json = await runCommand(["import", path, "--json"], { env });
    assert.equal(JSON.parse(json.out).rejected_count, 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("import: a missing file and a wrong token are told in one line", async () => {
  await using service = startStandIn();
  const env = { PIXEL_URL: service.url, PIXEL_TOKEN: STAND_IN_TOKEN };
  const missing = await runCommand(["import", "none.ndjson"], { env });
  assert.equal(missing.exitCode, 1);
  assert.match(missing.err, /^error: cannot open none\.ndjson: .*\n$/);
  const refused = await runCommand(["import", "deno.json"], { env: { ...env, PIXEL_TOKEN: "x" } });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.err, /^error: .*set PIXEL_TOKEN to a valid token \(status 401\)\n$/);
  assert.deepEqual(service.imported.lines, []);
});
