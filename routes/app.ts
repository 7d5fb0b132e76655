import { Hono } from "hono";
import { API_PREFIX, createApi } from "./api/mod.ts";
import { EventFeed } from "./api/event_feed.ts";
import type { ApiDeps } from "./deps.ts";
import { docsPage } from "./docs_page.ts";
import { Cors } from "./middleware/cors.ts";
import { DashboardSessions } from "./middleware/dashboard_sessions.ts";
import { Gate } from "./middleware/gate.ts";
import { AppError } from "../lib/errors.ts";
import { PROMETHEUS_CONTENT_TYPE } from "../lib/monitoring/prometheus.ts";
import { problemResponse } from "./middleware/problem.ts";
import { newNonce, securePage } from "./middleware/secure_headers.ts";
import { runbookPage } from "./runbook.ts";
import {
  clientAddress,
  isSecure,
  rawPath,
  requestIdOf,
  type ServeInfo,
} from "./middleware/visit.ts";

/** What pages find in `c.env`. */
export interface SiteEnv {
  Bindings: {
    requestId: string;
    /** For inline scripts and styles of this answer; everything else inline is refused. */
    nonce: string;
    /** Where the visitor comes from. */
    address: string;
    /** Whether they speak TLS, so whether their cookies are bound to it. */
    secure: boolean;
  };
}

export interface App {
  /** For Deno.serve. */
  fetch(request: Request, info?: ServeInfo): Response | Promise<Response>;
  /** Everything outside the API; pages are added here. */
  site: Hono<SiteEnv>;
  sessions: DashboardSessions;
  gate: Gate;
  /** Live events; health reports and alerts are published here. */
  feed: EventFeed;
  /** The API without its network, for pages that render on the server for a visitor's address. */
  api: (request: Request, address: string) => Response | Promise<Response>;
  /** Stores the last events and ends what watches over bodies; call it when nothing more can happen. */
  close(): Promise<void>;
}

/** The whole HTTP face of the service. */
export function createApp(deps: ApiDeps): App {
  const { config, clock } = deps;
  const gate = new Gate({ auth: deps.auth, config, clock });
  const feed = new EventFeed({ hub: deps.engine.events, clock, log: deps.log, ...deps.events });
  const api = createApi(deps, gate, feed);
  const site = new Hono<SiteEnv>();
  const cors = new Cors(config.corsOrigins);

  site.get("/docs", (c) => {
    const origin = config.publicUrl?.replace(/\/$/, "") ?? new URL(c.req.url).origin;
    c.header("cache-control", "no-store"); // it names the host that it was asked by
    return c.html(docsPage(JSON.parse(api.document()), origin, c.env.nonce));
  });
  site.notFound((c) =>
    problemResponse(new AppError("not_found", "There is nothing here."), placeOf(c.req.raw, c.env))
  );
  site.onError((error, c) => {
    const { requestId } = c.env;
    deps.log.error("a page failed", { request_id: requestId, thrown: error });
    return problemResponse(error, placeOf(c.req.raw, c.env));
  });

  site.get("/docs/runbook", (c) => runbookPage(c.env.nonce));

  const metrics = async (request: Request, info: ServeInfo | undefined): Promise<Response> => {
    const requestId = requestIdOf(request);
    try {
      if (!config.auth.metricsOpen) await gate.admit({ request, info }, "viewer");
      const headers = { "content-type": PROMETHEUS_CONTENT_TYPE, "cache-control": "no-store" };
      return new Response(await deps.metrics.render(), { headers });
    } catch (error) {
      return problemResponse(error, { requestId, path: "/metrics" });
    }
  };

  const serveSite = async (request: Request, info: ServeInfo | undefined): Promise<Response> => {
    const env: SiteEnv["Bindings"] = {
      requestId: requestIdOf(request),
      nonce: newNonce(),
      address: clientAddress(request, info, config.trustProxy),
      secure: isSecure(request, config),
    };
    return securePage(await site.fetch(request, env), env);
  };

  const fetch = (request: Request, info?: ServeInfo): Response | Promise<Response> => {
    const path = rawPath(request.url);
    if (path === "/healthz") return alive();
    return path === "/readyz" ? ready(deps) : measured(request, path, info);
  };

  const measured = (
    request: Request,
    path: string,
    info: ServeInfo | undefined,
  ): Response | Promise<Response> => {
    const started = performance.now();
    const counted = (route: string, response: Response) => {
      const seconds = (performance.now() - started) / 1_000;
      deps.metrics.request(request.method, route, response.status, seconds);
      return response;
    };
    if (path === API_PREFIX || path.startsWith(API_PREFIX + "/")) {
      const env = { path, requestId: requestIdOf(request), info, route: "unknown" };
      const preflight = cors.preflight(request);
      if (preflight) return counted(env.route, preflight);
      return Promise.resolve(api.fetch(request, env))
        .then((response) => counted(env.route, cors.mark(request, response)));
    }
    const scrape = path === "/metrics" && (request.method === "GET" || request.method === "HEAD");
    if (scrape) return metrics(request, info).then((response) => counted("/metrics", response));
    return serveSite(request, info).then((response) => counted("page", response));
  };

  return {
    fetch,
    site,
    sessions: new DashboardSessions(deps.auth, gate, deps.log),
    gate,
    feed,
    api: (request, address) =>
      fetch(request, { remoteAddr: { transport: "tcp", hostname: address, port: 0 } }),
    async close() {
      api.close();
      await feed.close();
    },
  };
}

const PLAIN = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** The process is alive; nothing else is asked. */
function alive(): Response {
  // Without headers of ours it is plain text, and the fastest answer there is.
  return new Response("ok\n");
}

/** Whether requests can be served. */
async function ready(deps: ApiDeps): Promise<Response> {
  const yes = !deps.stopping.aborted && await deps.ready().catch(() => false);
  return new Response(yes ? "ready\n" : "not ready\n", {
    status: yes ? 200 : 503,
    headers: yes ? PLAIN : { ...PLAIN, "retry-after": "1" },
  });
}

function placeOf(request: Request, { requestId }: SiteEnv["Bindings"]) {
  return { requestId, path: rawPath(request.url) };
}
