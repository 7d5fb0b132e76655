import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Cursor, Instant, pageSize, words } from "./text.ts";

export const Alert = z.object({
  name: z.string(),
  title: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  state: z.enum(["ok", "pending", "firing", "clearing"]).openapi({
    description: "pending: wrong, not yet for long enough; clearing: well again, not yet resolved",
  }),
  raised: z.boolean(),
  since: Instant,
  raised_at: Instant.optional(),
  resolved_at: Instant.optional(),
  value: z.number().optional(),
  threshold: z.number(),
  detail: z.string().optional(),
  runbook: z.string(),
  acknowledged: z.object({ by: z.string(), at: Instant }).optional(),
  silenced: z.object({ by: z.string(), at: Instant, until: Instant, reason: z.string() })
    .optional(),
}).openapi("Alert");
export const AlertList = success({ alerts: z.array(Alert), raised: Count });
export const AlertAnswer = success({ alert: Alert });

/** Longest silence: 30 days. */
const MAX_SILENCE_MINUTES = 30 * 24 * 60;
export const SilenceInput = z.object({
  minutes: z.int().min(0).max(MAX_SILENCE_MINUTES).default(60).openapi({
    description: "0 ends a silence",
  }),
  reason: words(0, 200).nullish(),
}).openapi({ example: { minutes: 60, reason: "moving to another machine" } });

export const Notification = z.object({
  notification_id: z.string(),
  type: z.string().openapi({ example: "alert.raised" }),
  channel: z.enum(["email", "webhook"]),
  to: z.string(),
  subject: z.string(),
  delivery_status: z.enum(["queued", "delivered", "failed"]),
  attempts: Count,
  error: z.string().optional(),
  task_id: z.string(),
  created_at: Instant,
  ended_at: Instant.optional(),
}).openapi("Notification");
export const NotificationsQuery = z.object({
  delivery_status: z.enum(["queued", "delivered", "failed"]).optional(),
  limit: pageSize(200, 50),
  cursor: Cursor.optional(),
});
export const NotificationList = success({
  notifications: z.array(Notification),
  next_cursor: z.string().optional(),
});
export const NotificationAnswer = success({ notification: Notification });
