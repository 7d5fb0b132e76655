import type { WriteSet } from "../../kv/write_set.ts";
import type { Notifier } from "../../notifications/notifier.ts";
import { renderLetter } from "../../notifications/template.ts";
import type { AlertView, TellAlert } from "./alerts.ts";
import { type AlertSeverity, reaches } from "./rule.ts";

export interface AlertRouting {
  notifier: Notifier;
  /** Whom e-mail goes to, a message each; empty = nobody. */
  emails: readonly string[];
  /** Least severity that is sent by e-mail, and to the webhook. */
  emailFrom: AlertSeverity;
  webhookFrom: AlertSeverity;
  /** Address of this service, for links; absent = no links. */
  publicUrl: string | undefined;
}

/** Sends alerts by severity; what is below `warning` is on the dashboard alone. */
export function routeAlerts(routing: AlertRouting): TellAlert {
  const { notifier, emails, emailFrom, webhookFrom } = routing;
  return (tx: WriteSet, change, alert) => {
    const type = `alert.${change}`;
    const subject = subjectOf(change, alert);
    if (alert.severity === "info") return;
    if (emails.length > 0 && reaches(alert.severity, emailFrom)) {
      const letter = renderLetter(letterOf(change, alert, subject, routing.publicUrl));
      const content = { channel: "email" as const, email: letter };
      for (const to of emails) notifier.prepare(tx, { type, subject, to, content });
    }
    if (reaches(alert.severity, webhookFrom)) {
      const content = { channel: "webhook" as const, data: dataOf(alert, routing.publicUrl) };
      notifier.prepare(tx, { type, subject, content });
    }
  };
}

function subjectOf(change: "raised" | "resolved", alert: AlertView): string {
  const word = change === "raised" ? alert.severity.toUpperCase() : "Resolved";
  return `[Pixel Performance] ${word}: ${alert.title}`;
}

function letterOf(
  change: "raised" | "resolved",
  alert: AlertView,
  subject: string,
  publicUrl: string | undefined,
) {
  const raised = change === "raised";
  const at = raised ? alert.raisedAt : alert.resolvedAt;
  const rows: [string, string][] = [
    ["Alert", alert.name],
    ["Severity", alert.severity],
    ["Threshold", String(alert.threshold)],
    [raised ? "Raised" : "Resolved", at === null ? "now" : new Date(at).toISOString()],
  ];
  return {
    subject,
    lead: raised ? sentence(alert.detail ?? alert.title) : `It is over: ${alert.title}.`,
    tone: raised
      ? alert.severity === "critical" ? "bad" as const : "warning" as const
      : "good" as const,
    rows,
    links: publicUrl
      ? [
        { text: "What to do", url: new URL(alert.runbook, publicUrl).href },
        { text: "Dashboard", url: new URL("/", publicUrl).href },
      ]
      : [],
    reason: "You get this because ALERT_EMAIL names you. POST /alerts/" + alert.name +
      "/silence keeps it quiet for a while.",
  };
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : begun + ".";
}

/** The `data` of the webhook. */
function dataOf(alert: AlertView, publicUrl: string | undefined): Record<string, unknown> {
  const iso = (at: number | null) => at === null ? undefined : new Date(at).toISOString();
  return {
    name: alert.name,
    title: alert.title,
    severity: alert.severity,
    raised: alert.raised,
    detail: alert.detail ?? undefined,
    value: alert.value ?? undefined,
    threshold: alert.threshold,
    raised_at: iso(alert.raisedAt),
    resolved_at: alert.raised ? undefined : iso(alert.resolvedAt),
    runbook: publicUrl ? new URL(alert.runbook, publicUrl).href : alert.runbook,
  };
}
