import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { EmailContent } from "./template.ts";

type Channel = "email" | "webhook";
export type DeliveryStatus = "queued" | "delivered" | "failed";

/** What is sent: an e-mail, or the `data` of a webhook. */
export type Content =
  | { channel: "email"; email: EmailContent }
  | { channel: "webhook"; data: Record<string, unknown> };

/** One message to somebody outside, from its queueing to its end. Instants in milliseconds UTC. */
export interface Delivery {
  id: string;
  /** What it is about: `alert.raised`, `alert.resolved`, `report.daily`, `report.weekly`. */
  type: string;
  /** An e-mail address, or the host of a webhook. */
  to: string;
  subject: string;
  status: DeliveryStatus;
  createdAt: number;
  endedAt: number | null;
  /** Of the latest task. */
  attempts: number;
  error: string | null;
  taskId: string;
  content: Content;
  /** The conversation it tells of. */
  conversationId?: string;
}

const PREFIX: Deno.KvKey = ["notify", "delivery"];
const TIME_DIGITS = 9;
const MAX_ERROR = 300;

const keyOf = (id: string): Deno.KvKey => [...PREFIX, id];
const timePart = (at: number): string => at.toString(36).padStart(TIME_DIGITS, "0");

/** An id that sorts by time and is told to receivers, the same for every attempt. */
export function newDeliveryId(at: number): string {
  return `msg_${timePart(at)}${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
}

/** Every message that left or should have: `["notify", "delivery", id]`, ids in order of time. */
export class DeliveryLog {
  constructor(readonly db: Database) {}

  /** Adds a delivery, or its new state, to a write set. */
  put(tx: WriteSet, delivery: Delivery): void {
    tx.set(keyOf(delivery.id), delivery);
  }

  async get(id: string): Promise<Delivery | null> {
    return (await this.db.kv.get<Delivery>(keyOf(id))).value;
  }

  /** A delivery with its version, for changes that must not overwrite another. */
  entry(id: string): Promise<Deno.KvEntryMaybe<Delivery>> {
    return this.db.kv.get<Delivery>(keyOf(id));
  }

  /** Records in a write set how an attempt's task ended; nothing when it was forgotten meanwhile. */
  async ended(
    tx: WriteSet,
    id: string,
    end: { status: DeliveryStatus; at: number; attempts: number; error?: string },
  ): Promise<void> {
    const delivery = await this.get(id);
    if (!delivery) return;
    const error = end.error?.slice(0, MAX_ERROR) ?? null;
    const endedAt = end.status === "queued" ? null : end.at;
    const { status, attempts } = end;
    this.put(tx, { ...delivery, status, endedAt, attempts, error });
  }

  /** Newest first; `cursor` is the id that the last page ended with. */
  async list(
    limit: number,
    cursor?: string,
    status?: DeliveryStatus,
  ): Promise<{ deliveries: Delivery[]; nextCursor?: string }> {
    const range = cursor === undefined
      ? { prefix: PREFIX }
      : { prefix: PREFIX, end: keyOf(cursor) };
    const deliveries: Delivery[] = [];
    let seen = 0;
    let last: string | undefined;
    for await (const { value } of this.db.kv.list<Delivery>(range, { reverse: true })) {
      if (deliveries.length === limit || seen === MAX_SCAN) return { deliveries, nextCursor: last };
      seen++;
      last = value.id;
      if (!status || value.status === status) deliveries.push(value);
    }
    return { deliveries };
  }

  /** Deletes what is older than `before`; bounded, the next call goes on. */
  sweep(before: number): Promise<number> {
    return sweepBefore(this.db, PREFIX, `msg_${timePart(before)}`);
  }
}

/** Deliveries that one page looks through for those of a status. */
const MAX_SCAN = 2_000;
