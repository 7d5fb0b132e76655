/**
 * Why a message was not delivered. The job engine reads `retryAfterMs`, and `permanent` as "do not
 * try again". The message names no secret: neither path nor query of an address.
 */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly retryable: boolean;
  /** How long the receiver asked us to wait. */
  readonly retryAfterMs: number | undefined;
  readonly statusCode: number | undefined;

  constructor(
    message: string,
    options: {
      retryable: boolean;
      retryAfterMs?: number;
      statusCode?: number;
      cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.statusCode = options.statusCode;
  }

  get permanent(): boolean {
    return !this.retryable;
  }
}

/** Asking for more than this is not believed. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/** A `Retry-After` header, seconds or a date, in milliseconds from `now`; undefined when it is neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

/** Whether the same request may succeed later: timeouts, too early, too many, and the server's own faults. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}
