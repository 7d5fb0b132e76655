/**
 * Errors carry a code of ours; HTTP status and title are mapped from it once, at the edge
 * (routes/middleware/problem.ts). Messages are for people: what is wrong, and what to do next.
 */
export type ErrorCode =
  | "invalid" // well-formed, but does not fit its schema
  | "malformed" // cannot be parsed at all
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_large"
  | "unsupported_media_type"
  | "rate_limited"
  | "overloaded"
  | "unavailable"
  | "timeout"
  | "internal";

/** One thing wrong with an input: `path` in dotted form ("conversations.3.bot_id"). */
export interface InputIssue {
  path: string;
  message: string;
}

export interface AppErrorOptions {
  /** Wrong fields, for `invalid`. */
  issues?: InputIssue[];
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** Extra members of the problem document. */
  extensions?: Record<string, unknown>;
  cause?: unknown;
}

/** The only error type that domain code throws on purpose. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly issues: InputIssue[];
  readonly retryAfterSeconds: number | undefined;
  readonly extensions: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.issues = options.issues ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.extensions = options.extensions ?? {};
  }
}

/** The error for a thing that does not exist; `message` names it. */
export const notFound = (message: string, extensions?: Record<string, unknown>): AppError =>
  new AppError("not_found", message, { extensions });

/** The error for one field of an input that does not fit; `message` says what it must be. */
export const invalidField = (path: string, message: string): AppError =>
  new AppError("invalid", `${path}: ${message}`, { issues: [{ path, message }] });

/** The error for a request that contradicts what is stored; `message` says how. */
export const conflict = (message: string): AppError => new AppError("conflict", message);

/** The message of anything that was thrown, an Error or not, cut to a bounded length. */
export function messageOf(thrown: unknown, maxLength = 2_000): string {
  let text: string;
  try {
    text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  } catch {
    text = "a value that cannot be shown was thrown";
  }
  return text.length > maxLength ? text.slice(0, maxLength) + "…" : text;
}
