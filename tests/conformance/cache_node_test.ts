import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedisServer } from "../support/redis.ts";

Deno.test({
  name: "cache on Node: passes the same suite, in memory and in Redis",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn(step) {
    await using server = await RedisServer.start();
    const folder = await mkdtemp(join(tmpdir(), "cache-on-node-"));
    try {
      const module = join(folder, "cache_on_node.mjs");
      // The bundler starts a program of its own and keeps it.
      await step.step({
        name: "is bundled",
        sanitizeOps: false,
        sanitizeResources: false,
        fn: () => bundle(module),
      });
      const { code, stdout } = await new Deno.Command("node", {
        args: ["--test-reporter=tap", module, server.url],
        stderr: "inherit",
      }).output();
      const report = new TextDecoder().decode(stdout);
      assert.equal(
        code,
        0,
        report.split("\n").filter((line) => /not ok|error/.test(line)).join("\n"),
      );
      assert.ok(Number(/^# pass (\d+)$/m.exec(report)?.[1]) > 80, report.slice(-500));
      assert.match(report, /^# fail 0$/m);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** One file without anything that Node would have to install. */
async function bundle(path: string): Promise<void> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [fileURLToPath(new URL("../support/cache_on_node.ts", import.meta.url))],
    outputDir: "unused",
    platform: "deno",
    format: "esm",
    write: false,
  });
  assert.ok(success, JSON.stringify(errors));
  await Deno.writeTextFile(path, outputFiles![0]!.text());
}
