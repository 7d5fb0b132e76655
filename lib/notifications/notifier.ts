import { z } from "zod";
import type { Clock } from "../clock.ts";
import { conflict, notFound } from "../errors.ts";
import { exponential } from "../jobs/backoff.ts";
import { declareJob, type JobKind } from "../jobs/definition.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type Content, type Delivery, DeliveryLog, newDeliveryId } from "./delivery_log.ts";

const payload = z.object({ delivery_id: z.string() });
export type DeliveryJob = z.infer<typeof payload>;

/** Sends one delivery; transient faults are tried again for about a quarter of an hour. */
export const deliveryJob = declareJob<DeliveryJob>({
  kind: "deliver_notification",
  queue: "notifications",
  payload,
  priority: 2,
  maxAttempts: 10,
  timeoutMs: 60_000,
  backoff: exponential(2_000),
});

/** What the notifier needs of the job engine. */
export interface JobQueue {
  prepare<P>(tx: WriteSet, kind: JobKind<P>, payload: P): string;
}

export interface NotifierOptions {
  db: Database;
  clock: Clock;
  engine: JobQueue;
  /** Where webhooks go; absent = nowhere. */
  webhookUrl?: string;
  /** Whether a mail server is configured. */
  canMail: boolean;
}

/** Something to tell; it is sent on each channel that is configured. */
export interface Message {
  type: string;
  subject: string;
  content: Content;
  /** The conversation it tells of, so that erasing its user erases this, too. */
  conversationId?: string;
  /** E-mail address; webhooks go where the configuration says. */
  to?: string;
}

/** Queues messages to people and machines outside, and keeps the log of them. */
export class Notifier {
  readonly log: DeliveryLog;

  constructor(readonly options: NotifierOptions) {
    this.log = new DeliveryLog(options.db);
  }

  /** Adds a delivery and its task to a write set; null when its channel is not configured. */
  prepare(tx: WriteSet, message: Message): string | null {
    const { clock, engine, webhookUrl, canMail } = this.options;
    const { type, subject, content, conversationId } = message;
    const to = content.channel === "email"
      ? canMail && message.to
      : webhookUrl && new URL(webhookUrl).host;
    if (!to) return null;
    const now = clock.now();
    const id = newDeliveryId(now);
    this.log.put(tx, {
      id,
      type,
      to,
      subject,
      status: "queued",
      createdAt: now,
      endedAt: null,
      attempts: 0,
      error: null,
      taskId: engine.prepare(tx, deliveryJob, { delivery_id: id }),
      content,
      ...(conversationId === undefined ? {} : { conversationId }),
    });
    return id;
  }

  /**
   * Sends a delivery that ended once more, as the same message. AppError `not_found`, or `conflict`
   * while it is still on its way.
   */
  async redeliver(id: string): Promise<Delivery> {
    const { db, engine } = this.options;
    const { value, versionstamp } = await this.log.entry(id);
    if (!value) throw notFound("There is no such notification, or no longer.");
    if (value.status === "queued") throw conflict("This notification is still on its way.");
    const tx = new WriteSet().check(["notify", "delivery", id], versionstamp);
    const taskId = engine.prepare(tx, deliveryJob, { delivery_id: id });
    const again: Delivery = { ...value, status: "queued", endedAt: null, error: null, taskId };
    this.log.put(tx, again);
    if (!await db.commit(tx)) throw conflict("This notification is still on its way.");
    return again;
  }
}
