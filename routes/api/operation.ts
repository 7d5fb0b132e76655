import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Principal } from "../../lib/auth/principal.ts";
import { AppError, notFound } from "../../lib/errors.ts";
import { isId } from "../../lib/wire/schemas/text.ts";
import type { ApiDeps } from "../deps.ts";
import { type Audited, AuditTrail } from "../middleware/audit_trail.ts";
import { readJson, refuseLongBody, slowBody } from "../middleware/body.ts";
import { Deadlines } from "../middleware/deadlines.ts";
import type { Gate } from "../middleware/gate.ts";
import { OpenStreams } from "../middleware/open_streams.ts";
import { isOurFault, problemResponse } from "../middleware/problem.ts";
import { ROUTE_ROLES, type RouteName } from "../middleware/roles.ts";
import { apiHeaders } from "../middleware/secure_headers.ts";
import { queryOf, validated } from "../middleware/validate.ts";
import type { ServeInfo } from "../middleware/visit.ts";
import { claimOf } from "./claim.ts";
import { type Fields, type Operation, PreparedJson, type Schema } from "./call.ts";
import { documented } from "./documented.ts";

/** What every handler under the API finds in Hono's context. */
export interface ApiEnv {
  Bindings: {
    path: string;
    requestId: string;
    info: ServeInfo | undefined;
    /** The pattern of the route that answers, set by it; for metrics. */
    route: string;
  };
}

/** One request to the API: what was sent, and what the way here found out about it. */
export interface Asked {
  request: Request;
  info: ServeInfo | undefined;
  env: ApiEnv["Bindings"];
  /** What stands in the place of the path's names, decoded. */
  params: Record<string, string>;
  /** Who asks, once that is known. */
  principal?: Principal;
}

type Handler = (asked: Asked) => Promise<Response>;

const NO_PARAMS: Record<string, string> = Object.freeze({});

/** Registers operations: their routes, their roles and their part of the OpenAPI document. */
export class ApiBuilder {
  /** Handlers of addresses without a name in them, by method and path below the prefix. */
  readonly #plain = new Map<string, Handler>();
  readonly trail: AuditTrail;
  readonly streams: OpenStreams;
  /** Of bodies that are on their way. */
  readonly deadlines = new Deadlines(slowBody);

  constructor(
    readonly app: OpenAPIHono<ApiEnv>,
    readonly deps: ApiDeps,
    readonly gate: Gate,
  ) {
    this.trail = new AuditTrail(deps.auth.audit, deps.clock, deps.config.trustProxy);
    this.streams = new OpenStreams(deps.config.limits);
  }

  add<
    A extends Schema,
    P extends Schema | undefined = undefined,
    Q extends Schema | undefined = undefined,
    B extends Schema | undefined = undefined,
  >(operation: Operation<P, Q, B, A>): void {
    const [method, path] = operation.route.split(" ") as [string, string];
    this.app.openAPIRegistry.registerPath(documented(operation, method, path));
    const pattern = path.replaceAll(
      /\{(\w+)\}/g,
      (_, name) => name === operation.rest ? `:${name}{.+}` : `:${name}`,
    );
    const handler = this.#handler(operation);
    if (pattern === path) this.#plain.set(operation.route, handler);
    this.app.on(
      method,
      pattern,
      (c) => handler({ request: c.req.raw, info: c.env.info, env: c.env, params: c.req.param() }),
    );
  }

  /**
   * Answers a request to an address without names in it by one look-up; undefined for all others,
   * which the router finds. `path` is what comes after the API's prefix.
   */
  answerPlain(
    request: Request,
    path: string,
    env: ApiEnv["Bindings"],
  ): Promise<Response> | undefined {
    const handler = this.#plain.get(`${request.method} ${path}`);
    return handler?.({ request, info: env.info, env, params: NO_PARAMS });
  }

  /** The methods of an address without names in it; none where there is no such address. */
  plainMethods(path: string): string[] {
    return [...this.#plain.keys()]
      .filter((route) => route.slice(route.indexOf(" ") + 1) === path)
      .map((route) => route.slice(0, route.indexOf(" ")));
  }

  #handler<
    P extends Schema | undefined,
    Q extends Schema | undefined,
    B extends Schema | undefined,
    A extends Schema,
  >(operation: Operation<P, Q, B, A>): Handler {
    const { deps, gate, trail } = this;
    const { limits } = deps.config;
    const bodyLimits = {
      bytes: limits.bodyBytes,
      timeoutMs: limits.bodyTimeoutMs,
      deadlines: this.deadlines,
    };
    const role = ROUTE_ROLES[operation.route];
    const takesBody = operation.route.startsWith("POST") || operation.route.startsWith("PUT");

    const pattern = operation.route.slice(operation.route.indexOf("/"));
    const changes = !operation.route.startsWith("GET");
    const queryless = operation.query && withoutQuery(operation.query);
    return async (asked: Asked): Promise<Response> => {
      asked.env.route = pattern;
      try {
        const { request, env, params: given } = asked;
        const admitted = gate.admit(asked, role);
        const visitor = admitted instanceof Promise ? await admitted : admitted;
        gate.checkOrigin(request, visitor);
        checkEncoding(env.path);
        let json: unknown;
        if (operation.body) json = await readJson(request, bodyLimits);
        else if (takesBody && !operation.streams) refuseLongBody(request, bodyLimits);
        const query = !operation.query || (queryless && !request.url.includes("?"))
          ? {}
          : validated(operation.query, queryOf(request.url), "query");
        const body = operation.body
          ? validated(operation.body, json === undefined ? {} : json, "body")
          : {};
        const params = operation.params ? pathParams(given, operation) : {};
        const claim = operation.queues
          ? claimOf(deps, request, visitor.principal, operation.route, [params, query, body])
          : undefined;
        let audited = !changes;
        let more: Record<string, string> | undefined;
        const payload = await operation.handle({
          params: params as Fields<P>,
          query: query as Fields<Q>,
          body: body as Fields<B>,
          principal: visitor.principal,
          request,
          requestId: env.requestId,
          get signal() {
            return AbortSignal.any([request.signal, deps.stopping]);
          },
          claim,
          audit: (tx, made) => {
            audited = true;
            trail.add(tx, auditedOf(asked), operation.route, made);
          },
          header(name, value) {
            (more ??= {})[name] = value;
          },
        });
        if (operation.often) trail.gather(asked, env, operation.route, 200);
        else if (!audited && !claim?.replayed) {
          await trail.write(auditedOf(asked), operation.route, 200);
        }
        if (payload instanceof Response) {
          const left: Record<string, string> = {};
          gate.addRateLimit(left, visitor.principal);
          for (const [name, value] of Object.entries(left)) payload.headers.set(name, value);
          // Nobody will read it, so nothing would ever end it.
          if (request.method === "HEAD") await payload.body?.cancel();
          return payload;
        }
        const headers = apiHeaders("application/json", env.requestId);
        gate.addRateLimit(headers, visitor.principal);
        if (more) Object.assign(headers, more);
        if (claim?.replayed) headers["idempotent-replayed"] = "true";
        const at = claim?.answeredAt ?? deps.clock.now();
        const text = payload instanceof PreparedJson
          ? payload.text(at)
          : jsonText({ status: "success", ...payload, timestamp: new Date(at).toISOString() });
        return successResponse(text, headers);
      } catch (thrown) {
        return this.#refused(asked, operation.route, thrown);
      }
    };
  }

  /** The answer to what was thrown on the way, told to the audit log where that is of interest. */
  #refused(asked: Asked, route: RouteName, thrown: unknown): Response {
    const { request, env, principal } = asked;
    const more: Record<string, string> = {};
    if (principal) this.gate.addRateLimit(more, principal);
    const response = told(thrown, asked, this.deps, more);
    const { status } = response;
    if (status !== 401) {
      if (!route.startsWith("GET")) this.trail.gather(asked, env, route, status);
    } else if (request.headers.has("authorization")) {
      this.trail.gather(asked, env, "authenticate", status);
    }
    return response;
  }
}

/**
 * An answer with status 200. Headers that are set afterwards cost a tenth of a small answer less than
 * those that the constructor is given: Deno then prepares a native response, which it must watch
 * over until that is collected.
 */
function successResponse(text: string, headers: Record<string, string>): Response {
  const response = new Response(text);
  for (const name in headers) response.headers.set(name, headers[name]!);
  return response;
}

function auditedOf({ request, env, principal }: Asked): Audited {
  return { request, path: env.path, requestId: env.requestId, info: env.info, principal };
}

/** Whether an address without a query asks for nothing: then there is nothing to look at in it. */
function withoutQuery(query: Schema): boolean {
  const { success, data } = query.safeParse({});
  return success && Object.keys(data).length === 0;
}

/** A problem's answer; what is our fault is also logged, with what the answer keeps to itself. */
export function told(
  thrown: unknown,
  { request, env: { path, requestId } }: Pick<Asked, "request" | "env">,
  { log }: Pick<ApiDeps, "log">,
  headers: Record<string, string> = {},
): Response {
  if (isOurFault(thrown)) {
    log.error("a request failed", { request_id: requestId, method: request.method, path, thrown });
  }
  return problemResponse(thrown, { requestId, path }, headers);
}

/** JSON, in which a BigInt that a cache or a task holds is its digits. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // A replacer makes every answer slower, so it is kept for those that need it.
    return JSON.stringify(
      value,
      (_name, part) => typeof part === "bigint" ? part.toString() : part,
    );
  }
}

function checkEncoding(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch {
    throw new AppError("malformed", "The path is not valid percent-encoded UTF-8.");
  }
}

/** An id that cannot name anything is unknown, not wrong, except where it would make something. */
function pathParams(
  given: Record<string, string>,
  { params, unknown, creates }: {
    params?: Schema;
    unknown?: (params: Record<string, string>) => AppError;
    creates?: boolean;
  },
): Record<string, string> {
  if (creates) return validated(params!, given, "path") as Record<string, string>;
  for (const name in given) {
    if (!isId(given[name]!)) throw unknown?.(given) ?? notFound("There is nothing by this name.");
  }
  return given;
}
