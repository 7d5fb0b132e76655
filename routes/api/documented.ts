import { createRoute, type z } from "@hono/zod-openapi";
import { Problem } from "../../lib/wire/schemas/envelope.ts";
import { type ProblemKind, PROBLEMS, problemType } from "../middleware/problem.ts";
import { ROUTE_ROLES } from "../middleware/roles.ts";
import { MAX_KEY } from "./claim.ts";
import type { Operation } from "./call.ts";

type Schema = z.ZodObject;
type AnyOperation = Operation<
  Schema | undefined,
  Schema | undefined,
  Schema | undefined,
  Schema
>;

/** A problem's content: every type of it that this status may have, each with an example. */
function problemContent(status: number, changes: boolean) {
  const kinds = Object.entries(PROBLEMS)
    .filter(([kind, problem]) => problem.status === status && (kind !== "csrf" || changes));
  const examples = kinds.map(([kind, { title }]) => [kind, {
    value: {
      type: problemType(kind as ProblemKind),
      title,
      status,
      detail: EXAMPLE_DETAILS[kind as ProblemKind],
      instance: "/api/performance/tasks/active",
      request_id: "0b9cf1de-7d7c-4e5f-8f39-1f2f4f8f7a61",
      ...(kind === "invalid" ? { errors: [{ path: "limit", message: "must be 1 to 200" }] } : {}),
    },
  }]);
  return {
    "application/problem+json": { schema: Problem, examples: Object.fromEntries(examples) },
  };
}

const EXAMPLE_DETAILS: Record<ProblemKind, string> = {
  malformed: "The body is not valid JSON, at character 17.",
  unauthenticated: "This token is not valid, or no longer.",
  forbidden: "This takes the role operator; this token has the role viewer.",
  csrf: "A request with a session cookie must come from our own pages.",
  not_found: "There is nothing by this name.",
  method_not_allowed: "This address knows GET, HEAD, not POST.",
  slow_body: "The body took too long to arrive.",
  conflict: "This Idempotency-Key was used with another request in the last 24 hours: " +
    "send a new key with a new request.",
  too_large: "The body is longer than 1048576 bytes.",
  unsupported_media_type: "The body must be JSON: send Content-Type: application/json.",
  invalid: "The query does not fit: limit: must be a whole number from 1 to 200",
  rate_limited: "Too many requests with this token.",
  headers_too_large: "The request's address and headers are longer than 32768 bytes.",
  internal: "Something went wrong here. The log has more under this request_id.",
  overloaded: "Too many tasks are waiting.",
  unavailable: "Too many changes to the same record at once.",
  timeout: "no answer within 5000 ms",
};
/** On every answer to somebody who was let in, unless the limit is off. */
const RATE_LIMIT = {
  "RateLimit": {
    description: "what the token has left: r requests now, all of them in t seconds",
    schema: { type: "string" as const },
    example: '"token";r=9999;t=1',
  },
  "RateLimit-Policy": {
    description: "q requests at once, regained within w seconds",
    schema: { type: "string" as const },
    example: '"token";q=10000;w=5',
  },
};
const WWW_AUTHENTICATE = {
  "WWW-Authenticate": {
    schema: { type: "string" as const },
    example: 'Bearer realm="performance"',
  },
};
const REQUEST_ID = {
  "X-Request-Id": {
    description: "the caller's own, or a new one",
    schema: { type: "string" as const },
  },
};
const RETRY_AFTER = { "Retry-After": { schema: { type: "integer" as const, minimum: 1 } } };

/** An operation's part of the OpenAPI document: every status it may answer, role and headers. */
export function documented(
  // deno-lint-ignore no-explicit-any
  operation: Operation<any, any, any, any>,
  method: string,
  path: string,
): ReturnType<typeof createRoute> {
  const { params, query, body, answer, tag, summary, description } = operation as AnyOperation;
  const statuses = new Set<number>([401, 403, 429, 431, 500, ...operation.statuses ?? []]);
  if (params) statuses.add(400).add(404);
  if (params && operation.creates) statuses.add(422);
  if (query || body || operation.queues) statuses.add(422);
  if (body) statuses.add(400).add(408).add(413).add(415);
  else if (operation.streams) statuses.add(400).add(415);
  else if (method === "POST" || method === "PUT") statuses.add(413);
  if (operation.queues) statuses.add(409).add(503);
  if (operation.waits || method === "GET") statuses.add(503);
  const takesPreference = operation.waits && method === "POST";
  const titles = new Map(Object.values(PROBLEMS).map((p) => [p.status, p.title]));
  const responses: Record<string, object> = {
    200: {
      description: "What was asked for.",
      headers: {
        ...REQUEST_ID,
        ...RATE_LIMIT,
        ...(operation.queues
          ? {
            "Idempotent-Replayed": {
              description: "true where the key was used before",
              schema: { type: "string" as const, enum: ["true"] },
            },
          }
          : {}),
        ...(takesPreference
          ? {
            "Preference-Applied": {
              description: "the wait that was kept to, where one was preferred",
              schema: { type: "string" as const },
              example: "wait=10",
            },
          }
          : {}),
      },
      content: operation.stream ? streamed([operation.stream]) : {
        "application/json": { schema: answer },
        ...(operation.alsoAs ? streamed([operation.alsoAs]) : {}),
      },
    },
  };
  for (const status of [...statuses].sort((a, b) => a - b)) {
    responses[status] = {
      description: titles.get(status)!,
      content: problemContent(status, method !== "GET"),
      headers: {
        ...REQUEST_ID,
        ...(status === 401 ? {} : RATE_LIMIT),
        ...(status === 429 || status === 503 ? RETRY_AFTER : {}),
        ...(status === 401 ? WWW_AUTHENTICATE : {}),
      },
    };
  }
  return createRoute({
    method: method.toLowerCase() as "get",
    path: path as "/",
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    security: [{ bearer: [] }],
    "x-role": ROUTE_ROLES[operation.route],
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(body
        ? { body: { content: { "application/json": { schema: body } }, required: !fits(body, {}) } }
        : {}),
      ...(operation.streams ? { body: { content: streamed(operation.streams) } } : {}),
    },
    parameters: [
      ...(operation.queues
        ? [{
          name: "Idempotency-Key",
          in: "header" as const,
          description: "The same key within 24 h gets the first answer and queues nothing.",
          schema: { type: "string" as const, minLength: 1, maxLength: MAX_KEY },
        }]
        : []),
      ...(takesPreference
        ? [{
          name: "Prefer",
          in: "header" as const,
          description:
            "`wait=N` answers as soon as the turn is finished, after at most N ≤ 25 s; more " +
            "counts as 25. `Preference-Applied` says what was kept to.",
          schema: { type: "string" as const },
          example: "wait=10",
        }]
        : []),
      ...(operation.resumes
        ? [{
          name: "Last-Event-ID",
          in: "header" as const,
          description: "The id of the last event that was seen: what was missed comes first.",
          schema: { type: "string" as const },
          example: "1795829956299",
        }]
        : []),
    ],
    responses,
  });
}

function operationId(method: string, path: string): string {
  const words = path.split("/").filter((word) => word !== "" && !word.startsWith("{"));
  const one = path.endsWith("}") ? "_one" : "";
  return [method.toLowerCase(), ...words.map((word) => word.replaceAll(/\W/g, "_"))].join("_") +
    one;
}

/** A body that may be left out is one that an empty object stands for. */
function fits(schema: Schema, value: unknown): boolean {
  return schema.safeParse(value).success;
}

function streamed(types: readonly string[]): Record<string, { schema: object }> {
  return Object.fromEntries(
    types.map((type) => [type, { schema: type === "text/event-stream" ? EVENT : TEXT }]),
  );
}

const TEXT = { type: "string" } as const;
/** OpenAPI 3.1 has no word for a stream's events; those who read one take this for each of them. */
const EVENT = {
  type: "object",
  description: "One event of the stream.",
  properties: { id: TEXT, event: TEXT, data: { type: "string", description: "JSON" } },
  required: ["data"],
} as const;
