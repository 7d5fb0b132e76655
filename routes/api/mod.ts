import { OpenAPIHono } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import type { ApiDeps } from "../deps.ts";
import type { Gate } from "../middleware/gate.ts";
import { Refusal } from "../middleware/problem.ts";
import { roleForMethod } from "../middleware/roles.ts";
import { apiHeaders } from "../middleware/secure_headers.ts";
import { addAlerts } from "./alerts.ts";
import { addAnalytics } from "./analytics.ts";
import { addAudit } from "./audit.ts";
import { addBackups } from "./backups.ts";
import { addBots } from "./bots.ts";
import { addCache } from "./cache.ts";
import { addConversationStream } from "./conversation_stream.ts";
import { addConversations } from "./conversations.ts";
import type { EventFeed } from "./event_feed.ts";
import { addEvents } from "./events.ts";
import { addImport } from "./import.ts";
import { addFigures } from "./figures.ts";
import { openApiDocument } from "./openapi.ts";
import { ApiBuilder, type ApiEnv, told } from "./operation.ts";
import { addQueues } from "./queues.ts";
import { addSchedules } from "./schedules.ts";
import { addSystem } from "./system.ts";
import { addTaskActions } from "./task_actions.ts";
import { addTasks } from "./tasks.ts";
import { addTokens } from "./tokens.ts";
import { addTurns } from "./turns.ts";
import { addUsers } from "./users.ts";

/** Where the API lives. */
export const API_PREFIX = "/api/performance";

const METHODS = ["GET", "POST", "PUT", "DELETE"];

type Router = OpenAPIHono<ApiEnv>;

/** The API: answers every request whose path lies under its prefix. */
export interface Api {
  /** The OpenAPI document, as it is served. */
  document(): string;
  fetch(request: Request, env: ApiEnv["Bindings"]): Response | Promise<Response>;
  /** Keeps no timer any more. */
  close(): void;
}

/** The API under its prefix: every group's routes, its document, and refusals for all the rest. */
export function createApi(deps: ApiDeps, gate: Gate, feed: EventFeed): Api {
  // The path reaches the router as it came, so %2F stays within its segment and is decoded once.
  const app: Router = new OpenAPIHono<ApiEnv>({
    getPath: (_request, options) => (options!.env as ApiEnv["Bindings"]).path,
  }).basePath(API_PREFIX);
  const api = new ApiBuilder(app, deps, gate);
  addCache(api);
  addTasks(api);
  addTaskActions(api);
  addTurns(api);
  addConversations(api);
  addConversationStream(api);
  addImport(api);
  addUsers(api);
  addAnalytics(api);
  addFigures(api);
  addSystem(api);
  addBackups(api);
  addBots(api);
  addQueues(api);
  addSchedules(api);
  addAlerts(api);
  addEvents(api, feed);
  addTokens(api);
  addAudit(api);

  let made: string | undefined;
  const document = () => made ??= JSON.stringify(openApiDocument(app));
  app.get("/openapi.json", (c) => {
    const headers = apiHeaders("application/json", c.env.requestId);
    headers["cache-control"] = "public, max-age=300";
    return new Response(document(), { headers });
  });

  app.notFound(async (c) => {
    const env = c.env as ApiEnv["Bindings"];
    const request = c.req.raw;
    try {
      const { method } = request;
      const open = env.path === `${API_PREFIX}/openapi.json`;
      if (!open) await gate.admit({ request, info: env.info }, roleForMethod(method));
      const plain = api.plainMethods(env.path.slice(API_PREFIX.length));
      const allowed = plain.length > 0
        ? plain
        : METHODS.filter((other) => app.router.match(other, env.path)[0].length > 0);
      if (allowed.length === 0) throw notFound("There is no such address in this API.");
      if (allowed.includes("GET")) allowed.push("HEAD");
      throw new Refusal(
        "method_not_allowed",
        `This address knows ${allowed.join(", ")}, not ${method.slice(0, 20)}.`,
        { allow: allowed.join(", ") },
      );
    } catch (thrown) {
      return told(thrown, { request, env }, deps);
    }
  });
  app.onError((error, c) => told(error, { request: c.req.raw, env: c.env }, deps));
  return {
    document,
    close: () => api.deadlines.close(),
    fetch: (request, env) =>
      api.answerPlain(request, env.path.slice(API_PREFIX.length), env) ?? app.fetch(request, env),
  };
}
