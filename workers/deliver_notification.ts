import type { Clock } from "../lib/clock.ts";
import {
  cancel,
  complete,
  handleJob,
  type JobDefinition,
  JobError,
} from "../lib/jobs/definition.ts";
import type { Delivery, DeliveryLog } from "../lib/notifications/delivery_log.ts";
import { sendEmail, type SmtpConfig } from "../lib/notifications/email.ts";
import { type DeliveryJob, deliveryJob } from "../lib/notifications/notifier.ts";
import { sendWebhook } from "../lib/notifications/webhook.ts";

export interface NotificationDeps {
  clock: Clock;
  log: DeliveryLog;
  /** Absent: no mail server is configured. */
  mail: SmtpConfig | null;
  webhookUrl: string | undefined;
  secret: string;
}

/** Sends deliveries; the id that receivers see is the delivery's, the same for every attempt. */
export function deliverNotification(deps: NotificationDeps): JobDefinition<DeliveryJob> {
  const { log, clock } = deps;
  return handleJob(deliveryJob, {
    async perform(job) {
      const delivery = await log.get(job.payload.delivery_id);
      if (!delivery) return cancel("the notification was forgotten");
      const said = await send(deps, delivery, job.signal);
      const end = { status: "delivered" as const, at: clock.now(), attempts: job.attempt };
      return complete(said, (tx) => log.ended(tx, delivery.id, end));
    },

    async settle(tx, job, { error }) {
      const payload = deliveryJob.payload.safeParse(job.payload);
      if (!payload.success) return;
      await log.ended(tx, payload.data.delivery_id, {
        status: "failed",
        at: clock.now(),
        attempts: job.attempt,
        error: error.message,
      });
    },

    async revive(tx, job) {
      const payload = deliveryJob.payload.safeParse(job.payload);
      if (!payload.success) return;
      const queued = { status: "queued" as const, at: clock.now(), attempts: 0 };
      await log.ended(tx, payload.data.delivery_id, queued);
    },
  });
}

async function send(
  { mail, webhookUrl, secret }: NotificationDeps,
  { id, to, type, createdAt, content }: Delivery,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  if (content.channel === "email") {
    if (!mail) throw new JobError("SMTP_URL is not set", { permanent: true });
    const receipt = await sendEmail(mail, { id, to, ...content.email });
    return { message_id: receipt.messageId, accepted: receipt.accepted };
  }
  if (!webhookUrl) throw new JobError("ALERT_WEBHOOK_URL is not set", { permanent: true });
  const timestamp = new Date(createdAt).toISOString();
  const payload = { type, timestamp, data: content.data };
  const message = { url: webhookUrl, id, secret, signal, payload };
  const response = await sendWebhook(message, { trusted: true });
  return { status_code: response.status };
}
