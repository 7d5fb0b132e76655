import assert from "node:assert/strict";
import { loadConfig } from "../config/config.ts";
import { VARIABLES } from "../config/variables.ts";
import { retentionTable } from "./retention.ts";

Deno.test("every variable that keeps or deletes has its row, with the configured time", () => {
  const names = Object.keys(VARIABLES).filter((name) => /^(KEEP|ARCHIVE|DELETE)_/.test(name));
  const rows = retentionTable(loadConfig({}).retention);
  const configured = new Set(rows.map((row) => row.variable).filter((name) => name !== undefined));
  assert.deepEqual([...configured].sort(), names.sort());
  const of = (variable: string, env: Record<string, string> = {}) =>
    retentionTable(loadConfig(env).retention).find((row) => row.variable === variable)?.keptFor;
  assert.equal(of("KEEP_COMPLETED_TASKS_HOURS"), "1 day");
  assert.equal(of("KEEP_COMPLETED_TASKS_HOURS", { KEEP_COMPLETED_TASKS_HOURS: "36" }), "36 hours");
  assert.equal(of("KEEP_FAILED_TASKS_DAYS"), "30 days");
  assert.equal(of("KEEP_BACKUPS_DAILY"), "7 backups");
});

/** The row that tells of a key's records, for every key of the map in ARCHITECTURE.md. */
const ROW_OF: [keys: string, row: RegExp][] = [
  ["job id, jobs dead", /^failed tasks$/],
  [
    "jobs open, jobs t, jobs level, jobs n, jobs session, jobs heartbeat, jobs run",
    /^waiting tasks/,
  ],
  [
    "jobs shard, jobs unique, jobs unique_for, jobs once, jobs flow, jobs rate, jobs served",
    /^waiting tasks/,
  ],
  ["jobs swept, conv bs", /^batches$/],
  ["jobs batch, jobs batch_count, jobs batch_done, conv b, conv bi, conv bn", /^batches$/],
  ["jobs events, jobs events_head", /^live events$/],
  [
    "conv c, conv t, conv r, conv m, conv a, conv p, conv s, conv f, conv i, conv x, conv au",
    /before they are deleted$/,
  ],
  ["conv gone, conv deletions, conv taken", /^hashed ids/],
  ["bots spent", /^what bots have cost/],
  [
    "bots d, bots k, bots u, bots n, bots v, bots w, auth token, auth token-hash, alerts name",
    /^bots, tokens/,
  ],
  [
    "meta schema, meta counts, meta turn, meta webhook-secret, jobs pause, jobs limits",
    /and settings$/,
  ],
  ["auth bootstrap, auth key, schedule paused, health baseline, health probe", /and settings$/],
  ["health upload, health since", /and settings$/],
  ["stats ask, stats askref", /^questions without/],
  ["conv erased, conv erasure, conv erasing", /^hashed ids/],
  ["meta erasure-key, ai model, ai model_part", /^bots, tokens/],
  ["stats u, stats um, stats users, stats top", /^users and when/],
  [
    "stats q, stats d, stats m, stats t, stats h, stats live, stats lost, stats bot",
    /^reports and/,
  ],
  ["stats botid, stats bots, reports kind", /^reports and/],
  ["schedule tick, schedule last", /^marks of schedules/],
  ["health minute", /^performance per minute$/],
  ["health hour", /^performance per hour$/],
  ["health report", /^health reports$/],
  ["auth session, auth link", /^dashboard sessions/],
  ["audit at", /^audit log$/],
  ["notify delivery", /^log of notifications$/],
  ["once day", /^idempotency keys$/],
];

Deno.test("every kind of record in the database has a row that says how long it is kept", async () => {
  const rows = retentionTable(loadConfig({}).retention).map((row) => row.records);
  const told = new Set<string>();
  for (const [keys, pattern] of ROW_OF) {
    assert.ok(rows.some((records) => pattern.test(records)), `no row is like ${pattern}`);
    for (const key of keys.split(", ")) told.add(key);
  }
  const map = await Deno.readTextFile(new URL("../../ARCHITECTURE.md", import.meta.url));
  const keys = [...map.matchAll(/`\[("[^\]`]*)\]`/g)].flatMap(([, text]) => {
    const [root, second] = text!.replaceAll('"', "").split(", ");
    return second!.split(" or ").map((each) => `${root} ${each}`);
  });
  assert.ok(keys.length > 50);
  assert.deepEqual(keys.filter((key) => !told.has(key)), []);
});
