import assert from "node:assert/strict";
import { loadConfig } from "../config/config.ts";
import { VARIABLES } from "../config/variables.ts";
import { retentionTable } from "./retention.ts";

Deno.test("every variable that keeps or deletes has its row, with the configured time", () => {
  const names = Object.keys(VARIABLES).filter((name) => /^(KEEP|ARCHIVE|DELETE)_/.test(name));
  const rows = retentionTable(loadConfig({}).retention);
  assert.deepEqual(rows.map((row) => row.variable).filter(Boolean).sort(), names.sort());
  const of = (variable: string, env: Record<string, string> = {}) =>
    retentionTable(loadConfig(env).retention).find((row) => row.variable === variable)?.keptFor;
  assert.equal(of("KEEP_COMPLETED_TASKS_HOURS"), "1 day");
  assert.equal(of("KEEP_COMPLETED_TASKS_HOURS", { KEEP_COMPLETED_TASKS_HOURS: "36" }), "36 hours");
  assert.equal(of("KEEP_FAILED_TASKS_DAYS"), "30 days");
  assert.equal(of("KEEP_BACKUPS_DAILY"), "7 backups");
});
