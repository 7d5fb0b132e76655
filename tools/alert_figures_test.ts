import assert from "node:assert/strict";
import { parse } from "yaml";
import { loadConfig } from "../lib/config/config.ts";
import { alertRules } from "../lib/monitoring/alerts/rules.ts";
import { DEFAULT_THRESHOLDS } from "../lib/monitoring/checks/standard.ts";
import { anchorsOf } from "./markdown.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));
const runbook = await read("docs/runbook.md");
const operations = await read("docs/operations.md");
const rules = alertRules({
  ...loadConfig({}).alerts,
  diskReserveBytes: 1_000,
  tokensPerDay: 1,
});

function ruleOf(name: string) {
  const rule = rules.find((other) => other.name === name);
  if (!rule) throw new Error(`there is no alert ${name}`);
  return rule;
}

/** "1 minute", "5 minutes". */
const minutes = (ms: number) => `${ms / 60_000} minute${ms === 60_000 ? "" : "s"}`;
/** As the runbook says it: "a minute", "5 minutes". */
const some = (ms: number) => minutes(ms).replace(/^1 /, "a ");

/** What the documents must say of each alert; `raised` with all of its figures. */
const said: Record<string, { raised: string; over?: string }> = {};
for (const name of ["cache_hit_rate", "success_rate"]) {
  const { raiseAt, clearAt } = ruleOf(name);
  const of = name === "success_rate" ? "20 turns" : "1,000 lookups";
  said[name] = { raised: `under ${raiseAt}% of at least ${of}, 24 h`, over: `${clearAt}%` };
}
for (const name of ["cpu", "memory", "disk"]) {
  const { raiseAt, clearAt, holdMs, clearMs } = ruleOf(name);
  said[name] = {
    raised: `over ${raiseAt}% for ${minutes(holdMs)}`,
    over: `at ${raiseAt - clearAt} points under the threshold for ${some(clearMs)}`,
  };
}
for (const name of ["redis", "ai_provider", "schedules", "event_loop", "smtp", "database"]) {
  const { holdMs, clearMs } = ruleOf(name);
  const is = name === "database" ? "is unhealthy" : "fails";
  said[name] = {
    raised: `the health check ${is} for ${minutes(holdMs)}`,
    ...(name === "database" || name === "event_loop" ? { over: `for ${some(clearMs)}` } : {}),
  };
}
said["backlog_age"] = {
  raised: `a task waits over ${minutes(ruleOf("backlog_age").raiseAt * 1_000)}`,
  over: `half the threshold or less for ${some(ruleOf("backlog_age").clearMs)}`,
};
said["no_worker"] = {
  raised: `tasks wait over ${minutes(ruleOf("no_worker").raiseAt * 1_000)} and none runs`,
};
said["dead_letters"] = {
  raised: `over ${ruleOf("dead_letters").raiseAt} failed tasks`,
  over: "nine tenths of the threshold or fewer",
};
said["backup_age"] = {
  raised: `no backup for ${ruleOf("backup_age").raiseAt} hours`,
  over: `less than ${ruleOf("backup_age").clearAt} hours old`,
};

Deno.test("alert figures: operations says when each is raised, and how urgent it is then", () => {
  for (const { name, severity } of rules) {
    const row = operations.split("\n").find((line) =>
      line.startsWith(`| \`${name}\``) &&
      line.includes(severity)
    );
    assert.ok(row, `${name} is not shown as ${severity}`);
    const [, , raised] = row.split("|").map((cell) => cell.trim());
    if (said[name]) assert.equal(raised, said[name].raised, name);
  }
});

Deno.test("alert figures: the runbook says where each is over", () => {
  for (const { name } of rules) {
    const title = `### Alert: ${name.replaceAll("_", " ")}\n`;
    const section = runbook.split(title)[1]!.split(/^##/m)[0]!;
    const over = section.split("**Over**")[1]!.replaceAll(/\s+/g, " ");
    if (said[name]?.over) assert.ok(over.includes(said[name].over), `${name}: ${over}`);
  }
});

Deno.test("alert figures: what the documents say in words is what the code does", () => {
  const { disk_reserve, backlog_age, dead_letters } = Object.fromEntries(
    rules.map((rule) => [rule.name, rule]),
  );
  assert.equal(disk_reserve!.clearAt, 1.25 * disk_reserve!.raiseAt, "a quarter more");
  assert.equal(backlog_age!.clearAt, backlog_age!.raiseAt / 2, "half");
  assert.equal(dead_letters!.clearAt, dead_letters!.raiseAt * 9 / 10, "nine tenths");
  assert.equal(DEFAULT_THRESHOLDS.eventLoopLagMs.degraded, 500, "half a second");

  const judged = (name: string, inputs: unknown) => ruleOf(name).read(inputs as never);
  const rates = { hitRate: 1, successRate: 1, lookups: 1_000, ended: 20 };
  const few = { ...rates, lookups: 999, ended: 19 };
  for (const name of ["cache_hit_rate", "success_rate"]) {
    assert.deepEqual([judged(name, { rates }), judged(name, { rates: few })], [1, null], name);
  }
  const uploads = (hours: number) => ({ uploads: { ageMs: hours * 3_600_000, error: null } });
  assert.deepEqual(
    [judged("backup_upload", uploads(26)), judged("backup_upload", uploads(26.1))],
    [0, 1],
  );
});

Deno.test("alert figures: Prometheus' rules raise where the service's own do, and lead to the runbook", async () => {
  const { groups } = parse(await read("deploy/alerts.yml"));
  const all: { alert: string; expr: string; annotations: { runbook: string } }[] = groups[0].rules;
  const exprOf = (alert: string) => all.find((rule) => rule.alert === alert)!.expr;
  const backlog = ruleOf("backlog_age").raiseAt;
  assert.ok(exprOf("PixelBacklogOld").includes(`_seconds > ${backlog} and`));
  const hours = ruleOf("backup_age").raiseAt;
  assert.ok(exprOf("PixelBackupOld").endsWith(`> ${hours} * 3600`));
  const failing = Number(/> ([\d.]+)$/.exec(exprOf("PixelTasksFail"))![1]);
  assert.equal(Math.round(100 - 100 * failing), ruleOf("success_rate").raiseAt);
  const anchors = anchorsOf(runbook);
  for (const { alert, annotations: { runbook: link } } of all) {
    const [page, anchor] = link.split("#");
    assert.equal(page, "docs/runbook.md", alert);
    if (anchor !== undefined) assert.ok(anchors.has(anchor), `${alert}: ${link}`);
  }
});
