import { Webhook } from "standardwebhooks";
import type { OutboundPolicy } from "./address.ts";
import { DeliveryError, mayPass, retryAfterMs } from "./delivery_error.ts";
import { type OutboundResponse, postOutbound } from "./outbound.ts";

/** A message of the Standard Webhooks specification (standardwebhooks.com). */
export interface WebhookMessage {
  url: string;
  /** The same for every attempt, so that the receiver can tell a repetition. */
  id: string;
  /** Sent as JSON. */
  payload: unknown;
  /**
   * `whsec_` and base64, or base64 alone. Several, with spaces or commas between them, each sign:
   * a receiver takes a message that one of its secrets verifies.
   */
  secret: string;
  timeoutMs?: number;
  maxResponseBytes?: number;
  signal?: AbortSignal;
}

/**
 * Signs and sends one message. Gives the answer when it is a 2xx; otherwise throws DeliveryError,
 * retryable for 408, 425, 429, 5xx and a receiver that cannot be reached.
 */
export async function sendWebhook(
  message: WebhookMessage,
  policy: OutboundPolicy = {},
): Promise<OutboundResponse> {
  const body = JSON.stringify(message.payload);
  const at = new Date();
  const response = await postOutbound({
    url: message.url,
    headers: {
      "content-type": "application/json",
      "user-agent": "pixel-performance",
      "webhook-id": message.id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": signatures(message, at, body),
    },
    body,
    timeoutMs: message.timeoutMs,
    maxResponseBytes: message.maxResponseBytes,
    signal: message.signal,
  }, policy);
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  throw new DeliveryError(`${new URL(message.url).host} answered ${status}`, {
    retryable: mayPass(status),
    retryAfterMs: retryAfterMs(response.headers["retry-after"], at.getTime()),
    statusCode: status,
  });
}

function signatures({ secret, id }: WebhookMessage, at: Date, body: string): string {
  return secret.split(/[\s,]+/).map((one) => new Webhook(one).sign(id, at, body)).join(" ");
}

/** A new secret for signing: 32 random bytes. */
export function webhookSecret(): string {
  return `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`;
}
