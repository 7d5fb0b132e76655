import assert from "node:assert/strict";
import { createLogger } from "./log.ts";

Deno.test("secrets show in no line, however they are written there", () => {
  const secrets = ['quoted"and\\slashed', "line\nbreak"];
  for (const format of ["json", "pretty"] as const) {
    const lines: string[] = [];
    const log = createLogger({
      level: "info",
      format,
      secrets,
      write: (line) => lines.push(line),
    });
    for (const secret of secrets) {
      log.info(secret, { secret, within: { secret }, error: new Error(secret) });
    }
    for (const part of ["quoted", "slashed", "line", "break"]) {
      assert.ok(!lines.join("\n").includes(part), lines.join("\n"));
    }
  }
});
