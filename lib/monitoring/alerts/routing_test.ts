import assert from "node:assert/strict";
import { FakeClock } from "../../clock.ts";
import { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import { Notifier } from "../../notifications/notifier.ts";
import type { AlertView } from "./alerts.ts";
import { routeAlerts } from "./routing.ts";
import { type AlertSeverity, SEVERITIES } from "./rule.ts";
import { quiet } from "./state.ts";

const alert = (severity: AlertSeverity): AlertView => ({
  ...quiet(0),
  phase: "firing",
  raisedAt: Date.UTC(2026, 0, 5),
  name: "heat",
  title: "it is hot",
  severity,
  raised: true,
  value: 90,
  detail: "90 degrees",
  threshold: 80,
  runbook: "/docs/runbook#alert-heat",
});

/** Where an alert of each severity goes, as `severity>channel`. */
async function routes(emailFrom: AlertSeverity, webhookFrom: AlertSeverity, ...emails: string[]) {
  await using db = await Database.open({ path: ":memory:" });
  const engine = { prepare: () => "job" };
  const notifier = new Notifier({
    db,
    clock: new FakeClock(),
    engine,
    webhookUrl: "https://hooks.example/in",
    canMail: true,
  });
  const tell = routeAlerts({ notifier, emails, emailFrom, webhookFrom, publicUrl: undefined });
  for (const severity of SEVERITIES) {
    const tx = new WriteSet();
    tell(tx, "raised", { ...alert(severity), title: severity });
    if (!tx.empty) await db.commit(tx);
  }
  const { deliveries } = await notifier.log.list(10);
  return deliveries.map(({ subject, content }) => `${subject.split(": ")[1]}>${content.channel}`)
    .sort();
}

Deno.test("severity decides where an alert goes; what is only informative goes nowhere", async () => {
  const all = ["critical>email", "critical>webhook", "warning>email", "warning>webhook"];
  assert.deepEqual(await routes("info", "info", "ops@example.org"), all);
  assert.deepEqual(await routes("warning", "warning", "ops@example.org"), all);
  assert.deepEqual(await routes("critical", "warning", "ops@example.org"), [
    "critical>email",
    "critical>webhook",
    "warning>webhook",
  ]);
  assert.deepEqual(await routes("warning", "critical", "ops@example.org"), [
    "critical>email",
    "critical>webhook",
    "warning>email",
  ]);
  assert.deepEqual(await routes("warning", "critical"), ["critical>webhook"]);
  assert.deepEqual(await routes("critical", "critical", "ops@example.org", "ann@example.org"), [
    "critical>email",
    "critical>email",
    "critical>webhook",
  ]);
});
