import { ResponderError } from "../responder.ts";
import { BrokenOff } from "./streamed.ts";

/** What we read of an `APICallError` of the AI SDK; the rest of it may hold texts and keys. */
interface ProviderFailure {
  name?: string;
  statusCode?: number;
  responseHeaders?: Record<string, string>;
  data?: unknown;
}

/** However long a provider asks us to stay away, we look again after an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_DETAIL_LENGTH = 200;
const MAX_READ_LENGTH = 1_000;
/** So long a run of characters is no coincidence. */
const SHARED_LENGTH = 12;

export interface FailureContext {
  model: string;
  /** Texts that must not appear in a reason, such as the API key. */
  secrets: string[];
  /** What people wrote; a reason that repeats a part of it is dropped. */
  written?: string[];
  /** Milliseconds since the epoch, for `retry-after` dates. */
  now: number;
}

/**
 * Tells what a failed call means: worth a retry (429, 5xx, timeouts, network, unreadable answers)
 * or not before somebody changes something. The error carries no cause on purpose: the SDK's own
 * holds the whole request.
 */
export function toResponderError(thrown: unknown, context: FailureContext): ResponderError {
  if (thrown instanceof ResponderError) return thrown;
  if (thrown instanceof BrokenOff) {
    const detail = detailOf({ data: thrown }, context);
    return new ResponderError({
      retryable: true,
      reason: `The AI provider broke its answer off with an error${detail && `: ${detail}`}`,
    });
  }
  const failure: ProviderFailure = typeof thrown === "object" && thrown !== null ? thrown : {};
  const status = failure.statusCode;
  if (status === undefined) {
    return new ResponderError({
      retryable: true,
      reason: failure.name?.startsWith("AI_") && failure.name !== "AI_APICallError"
        ? "The AI provider sent an answer that cannot be read"
        : "The AI provider cannot be reached",
    });
  }
  const options = { statusCode: status, retryAfterMs: retryAfterMs(failure, context.now) };
  if (status >= 200 && status < 300) {
    return new ResponderError({
      ...options,
      retryable: true,
      reason: "The AI provider sent an answer that is not the JSON it should be",
    });
  }
  if (status === 401 || status === 403) {
    return new ResponderError({
      ...options,
      retryable: false,
      reason: `The AI provider refused our credentials (${status}): check AI_API_KEY`,
    });
  }
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) {
    return new ResponderError({
      ...options,
      retryable: true,
      reason: status === 429
        ? "The AI provider limits our rate (429)"
        : `The AI provider failed (${status})`,
    });
  }
  const detail = detailOf(failure, context);
  const what = status === 404
    ? `The AI provider knows no model "${context.model}" at this address (404)`
    : `The AI provider refused the request (${status})`;
  return new ResponderError({
    ...options,
    retryable: false,
    reason: detail ? `${what}: ${detail}` : `${what}: check AI_BASE_URL and the model's name`,
  });
}

/** Whether a text has a run of characters of another, or all of it where that is short. */
function repeats(text: string, of: string): boolean {
  const [told, asked] = [text, of].map((each) => each.replace(/\s+/g, " ").trim().toLowerCase());
  if (asked!.length < SHARED_LENGTH) return asked !== "" && told!.includes(asked!);
  for (let at = 0; at + SHARED_LENGTH <= told!.length; at++) {
    if (asked!.includes(told!.slice(at, at + SHARED_LENGTH))) return true;
  }
  return false;
}

/** The pause that the provider asks for: `retry-after-ms`, or `retry-after` in seconds or a date. */
function retryAfterMs({ responseHeaders = {} }: ProviderFailure, now: number): number | undefined {
  const header = (name: string) =>
    Object.entries(responseHeaders).find(([key]) => key.toLowerCase() === name)?.[1]?.trim() ?? "";
  const bounded = (ms: number) => Math.min(MAX_RETRY_AFTER_MS, Math.max(0, Math.ceil(ms)));
  const milliseconds = header("retry-after-ms");
  if (/^\d+(\.\d+)?$/.test(milliseconds)) return bounded(Number(milliseconds));
  const value = header("retry-after");
  if (/^\d+(\.\d+)?$/.test(value)) return bounded(Number(value) * 1_000);
  const date = value === "" ? NaN : Date.parse(value);
  return Number.isNaN(date) ? undefined : bounded(date - now);
}

/**
 * The provider's own words, shortened and without anything that looks like a secret. None where
 * they repeat what was asked: reasons go into logs, which nobody can be erased from.
 */
function detailOf({ data }: ProviderFailure, { secrets, written = [] }: FailureContext): string {
  const message = (data as { error?: { message?: unknown } } | undefined)?.error?.message;
  if (typeof message !== "string") return "";
  let text = message.slice(0, MAX_READ_LENGTH).replace(/\s+/g, " ");
  if (written.some((asked) => repeats(text, asked))) return "";
  for (const secret of secrets) if (secret !== "") text = text.replaceAll(secret, "[secret]");
  text = text.replace(/\b(sk|key|pk)-[\w*-]{6,}/gi, "[secret]")
    .replace(/\bbearer\s+\S+/gi, "[secret]");
  return text.length > MAX_DETAIL_LENGTH ? text.slice(0, MAX_DETAIL_LENGTH) + "…" : text;
}
