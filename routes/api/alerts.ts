import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import type { AlertView } from "../../lib/monitoring/alerts/alerts.ts";
import type { Delivery } from "../../lib/notifications/delivery_log.ts";
import {
  Alert,
  AlertAnswer,
  AlertList,
  Notification,
  NotificationAnswer,
  NotificationList,
  NotificationsQuery,
  SilenceInput,
} from "../../lib/wire/schemas/alerts.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

const MINUTE_MS = 60_000;
const Name = z.object({ name: Id });
const NotificationId = z.object({ notification_id: Id });

/** Alerts, and the log of what was sent to people and machines outside. */
export function addAlerts(api: ApiBuilder): void {
  const { alerts, notifier, admit } = api.deps;

  api.add({
    route: "GET /alerts",
    tag: "Alerts",
    summary: "Every alert and where it stands, raised ones first",
    answer: AlertList,
    async handle() {
      const all = (await alerts.list()).map(shownAlert);
      return { alerts: all, raised: all.filter((alert) => alert.raised).length };
    },
  });

  api.add({
    route: "POST /alerts/{name}/acknowledge",
    tag: "Alerts",
    summary: "Say that somebody has seen it",
    description: "409 while it is not raised. The mark goes when it is resolved.",
    params: Name,
    statuses: [409],
    answer: AlertAnswer,
    async handle({ params: { name }, principal }) {
      return { alert: shownAlert(await alerts.acknowledge(name, principal.subject)) };
    },
  });

  api.add({
    route: "POST /alerts/{name}/silence",
    tag: "Alerts",
    summary: "Tell nobody of it for a while",
    description: "It is evaluated and shown all the same. 0 minutes end a silence.",
    params: Name,
    body: SilenceInput,
    statuses: [409],
    answer: AlertAnswer,
    async handle({ params: { name }, body, principal }) {
      const { minutes, reason } = body;
      const ms = minutes * MINUTE_MS;
      return { alert: shownAlert(await alerts.silence(name, ms, principal.subject, reason ?? "")) };
    },
  });

  api.add({
    route: "GET /notifications",
    tag: "Alerts",
    summary: "What was sent outside, newest first",
    query: NotificationsQuery,
    answer: NotificationList,
    async handle({ query: { limit, cursor, delivery_status } }) {
      const page = await notifier.log.list(limit, cursor, delivery_status);
      return {
        notifications: page.deliveries.map(shownDelivery),
        ...(page.nextCursor ? { next_cursor: page.nextCursor } : {}),
      };
    },
  });

  api.add({
    route: "POST /notifications/{notification_id}/redeliver",
    tag: "Alerts",
    summary: "Send one that ended once more, as the same message",
    params: NotificationId,
    unknown: () => notFound("There is no such notification, or no longer."),
    statuses: [409, 503],
    answer: NotificationAnswer,
    async handle({ params }) {
      admit(1);
      return { notification: shownDelivery(await notifier.redeliver(params.notification_id)) };
    },
  });
}

/** An alert in the wire's words. */
export function shownAlert(alert: AlertView): z.input<typeof Alert> {
  const { acknowledged, silenced } = alert;
  return {
    name: alert.name,
    title: alert.title,
    severity: alert.severity,
    state: alert.phase,
    raised: alert.raised,
    since: instant(alert.since),
    ...(alert.raisedAt === null ? {} : { raised_at: instant(alert.raisedAt) }),
    ...(alert.resolvedAt === null ? {} : { resolved_at: instant(alert.resolvedAt) }),
    ...(alert.value === null ? {} : { value: Math.round(alert.value * 100) / 100 }),
    threshold: alert.threshold,
    ...(alert.detail === null ? {} : { detail: alert.detail }),
    runbook: alert.runbook,
    ...(acknowledged
      ? { acknowledged: { by: acknowledged.by, at: instant(acknowledged.at) } }
      : {}),
    ...(silenced
      ? { silenced: { ...silenced, at: instant(silenced.at), until: instant(silenced.until) } }
      : {}),
  };
}

function shownDelivery(delivery: Delivery): z.input<typeof Notification> {
  return {
    notification_id: delivery.id,
    type: delivery.type,
    channel: delivery.content.channel,
    to: delivery.to,
    subject: delivery.subject,
    delivery_status: delivery.status,
    attempts: delivery.attempts,
    ...(delivery.error ? { error: delivery.error } : {}),
    task_id: delivery.taskId,
    created_at: instant(delivery.createdAt),
    ...(delivery.endedAt === null ? {} : { ended_at: instant(delivery.endedAt) }),
  };
}
