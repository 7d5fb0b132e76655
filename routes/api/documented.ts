import { createRoute, type z } from "@hono/zod-openapi";
import { Problem } from "../../lib/wire/schemas/envelope.ts";
import { PROBLEMS } from "../middleware/problem.ts";
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

const problemContent = { "application/problem+json": { schema: Problem } };
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
      content: problemContent,
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
      ...(operation.waits && method === "POST"
        ? [{
          name: "Prefer",
          in: "header" as const,
          description: "`wait=N` answers as soon as the turn is finished, after at most N ≤ 25 s.",
          schema: { type: "string" as const },
          example: "wait=10",
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

function streamed(types: readonly string[]): Record<string, { schema: { type: "string" } }> {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: "string" as const } }]));
}
