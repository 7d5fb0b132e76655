import { AppError, type ErrorCode } from "../../lib/errors.ts";
import { apiHeaders } from "./secure_headers.ts";

/** Everything that can be wrong with a request: our error codes, and what only HTTP knows. */
export type ProblemKind =
  | ErrorCode
  | "csrf"
  | "headers_too_large"
  | "method_not_allowed"
  | "slow_body";

/** The one table from what went wrong to how HTTP says it. */
export const PROBLEMS: Record<ProblemKind, { status: number; title: string }> = {
  malformed: { status: 400, title: "Bad Request" },
  unauthenticated: { status: 401, title: "Unauthorized" },
  forbidden: { status: 403, title: "Forbidden" },
  csrf: { status: 403, title: "Forbidden" },
  not_found: { status: 404, title: "Not Found" },
  method_not_allowed: { status: 405, title: "Method Not Allowed" },
  slow_body: { status: 408, title: "Request Timeout" },
  conflict: { status: 409, title: "Conflict" },
  too_large: { status: 413, title: "Content Too Large" },
  unsupported_media_type: { status: 415, title: "Unsupported Media Type" },
  invalid: { status: 422, title: "Unprocessable Content" },
  rate_limited: { status: 429, title: "Too Many Requests" },
  headers_too_large: { status: 431, title: "Request Header Fields Too Large" },
  internal: { status: 500, title: "Internal Server Error" },
  overloaded: { status: 503, title: "Service Unavailable" },
  unavailable: { status: 503, title: "Service Unavailable" },
  timeout: { status: 503, title: "Service Unavailable" },
};

/** The `type` of a problem: where people read what it means. */
export function problemType(kind: ProblemKind): string {
  return `/docs/runbook#problem-${kind}`;
}

/** A refusal that only HTTP knows; everything else is an AppError. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(
    readonly kind: ProblemKind,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** Where a problem happened. */
export interface ProblemPlace {
  requestId: string;
  /** The path, without its query, which may hold secrets. */
  path: string;
}

const MAX_ERRORS = 100;

/** The answer to anything that was thrown; what is not meant for clients is not in it. */
export function problemResponse(
  thrown: unknown,
  place: ProblemPlace,
  more: Record<string, string> = {},
): Response {
  const { kind, detail, headers, error } = read(thrown);
  const { status, title } = PROBLEMS[kind];
  const body = {
    ...error?.extensions,
    type: problemType(kind),
    title,
    status,
    detail,
    instance: place.path.slice(0, 1_000),
    request_id: place.requestId,
    ...(error && error.issues.length > 0 ? { errors: error.issues.slice(0, MAX_ERRORS) } : {}),
  };
  const all = apiHeaders("application/problem+json", place.requestId);
  Object.assign(all, more, headers);
  if (status === 401) all["www-authenticate"] = 'Bearer realm="performance"';
  if (status === 429 || status === 503) {
    all["retry-after"] = String(Math.max(1, Math.ceil(error?.retryAfterSeconds ?? 1)));
  }
  return new Response(JSON.stringify(body), { status, headers: all });
}

/**
 * Whether somebody here has to look at it. Not at a refusal for too much work: whoever refuses tells
 * the log of it, in one line for thousands.
 */
export function isOurFault(thrown: unknown): boolean {
  const { kind } = read(thrown);
  return kind !== "overloaded" && PROBLEMS[kind].status >= 500;
}

function read(thrown: unknown): {
  kind: ProblemKind;
  detail: string;
  headers: Record<string, string>;
  error?: AppError;
} {
  if (thrown instanceof Refusal) {
    return { kind: thrown.kind, detail: thrown.message, headers: thrown.headers };
  }
  if (thrown instanceof AppError && thrown.code !== "internal") {
    return { kind: thrown.code, detail: thrown.message, headers: {}, error: thrown };
  }
  const detail = "Something went wrong here. The log has more under this request_id.";
  return { kind: "internal", detail, headers: {} };
}
