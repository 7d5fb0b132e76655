import assert from "node:assert/strict";
import { alertRules } from "../lib/monitoring/alerts/rules.ts";
import { runbookOf } from "../lib/monitoring/alerts/alerts.ts";
import { PROBLEMS } from "../routes/middleware/problem.ts";
import { TestService } from "../tests/support/service.ts";
import { anchorsOf } from "./markdown.ts";

const runbook = await Deno.readTextFile(new URL("../docs/runbook.md", import.meta.url));

/** Everything that may send somebody to the runbook. */
const expected = [
  ...alertRules({
    hitRate: 80,
    successRate: 95,
    cpu: 80,
    memory: 85,
    disk: 90,
    backlogSeconds: 300,
    deadLetters: 100,
    diskReserveBytes: 1,
    tokensPerDay: 1,
  }).map((rule) => runbookOf(rule.name).split("#")[1]!),
  ...Object.keys(PROBLEMS).map((kind) => `problem-${kind}`),
];

Deno.test("runbook: every alert and every problem code has a section, and no other", () => {
  const anchors = [...anchorsOf(runbook)].filter((anchor) => /^(alert|problem)-/.test(anchor));
  assert.deepEqual(anchors.sort(), expected.sort());
});

Deno.test("runbook: a section says what users notice, what to run first, and how to know it is over", () => {
  const sections = runbook.split(/^### /m).slice(1);
  assert.equal(sections.length, expected.length);
  for (const section of sections) {
    const name = section.split("\n")[0];
    for (const part of ["**Users notice**", "**First**", "**Over**"]) {
      assert.ok(section.includes(part), `${name} has no ${part}`);
    }
  }
});

Deno.test("runbook: the page of the running service has every section under its anchor", async () => {
  await using service = await TestService.start();
  const response = await fetch(`${service.url}/docs/runbook`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /text\/html/);
  const html = await response.text();
  for (const anchor of expected) assert.ok(html.includes(`<h3 id="${anchor}">`), anchor);
  assert.doesNotMatch(html, /\*\*|```/);
  const problem = await fetch(`${service.url}/api/performance/health`);
  const { type } = await problem.json();
  assert.equal(type, "/docs/runbook#problem-unauthenticated");
});
