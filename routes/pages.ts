import type { Context, Hono } from "hono";
import type { LiveData } from "../islands/parts/page_data.ts";
import { ACTIONS, FRAME } from "../islands/parts/texts.ts";
import {
  oauthCookie,
  oauthKeptFrom,
  sessionCookie,
  sessionIdFrom,
} from "../lib/auth/session_cookie.ts";
import { isSecret, masked } from "../lib/auth/secret.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { openAssets } from "../lib/web/assets.ts";
import { loadRoutes } from "../lib/web/file_routes.ts";
import type { PackedBody } from "../lib/web/packed_body.ts";
import { registerIslands } from "../lib/web/islands.ts";
import { servePages, wantsData } from "../lib/web/serve_pages.ts";
import { CSRF_HEADER, type NewSession, type Session, type Sessions } from "../lib/web/sessions.ts";
import { SharedReadings } from "./shared_readings.ts";
import { apiData, ApiRefusal } from "./api_data.ts";
import type { DashboardActions, DashboardData } from "./dashboard_data.ts";

export interface PageDependencies {
  sessions: Sessions;
  clock: Clock;
  log: Logger;
  /** Our own API, asked within the process. */
  api: (request: Request, address: string) => Response | Promise<Response>;
  /** Where pages read and what forms do, instead of the API. */
  data?: (c: Context, session: Session) => DashboardData & DashboardActions;
  /** The page that breaks this service, where it is a demo. */
  demoUrl?: string;
  /** Where people reach the service, where a proxy asks it by another name. */
  publicUrl?: string;
  /** Where the build is; by default dist/ of the project. */
  assets?: URL;
}

/** What the server in front of the pages tells in `c.env`. */
export interface PageBindings {
  requestId: string;
  /** Where the visitor comes from. */
  address: string;
  /** Whether they speak TLS, to which their cookie is then bound. */
  secure: boolean;
}

/** What every page knows. `session` and `data` are missing only on open pages. */
export interface PageState {
  session: Session | null;
  data: DashboardData & DashboardActions;
  /** When the page was asked for, ms since the epoch: pages tell all times from here. */
  now: number;
  /** The page that breaks this service, where it is a demo and one may do things. */
  demoUrl?: string;
  /** The visitor's time zone, as their browser told it; else UTC. */
  zone: string;
  signIn(token: string): Promise<boolean>;
  redeem(code: string): Promise<boolean>;
  /** What people know the sign-in provider by; null without one. */
  provider: string | null;
  /** Begins a sign-in at the provider; the address to go to. */
  beginOAuth(next: string): Promise<string>;
  /** Ends it with what the provider sent back; where to go from here when it let them in. */
  finishOAuth(
    answer: URLSearchParams,
  ): Promise<{ kind: "allowed"; next: string } | { kind: "stranger" | "failed" }>;
  signOut(): Promise<void>;
}

/** What every live page tells its islands. */
export function liveData({ session, now, zone }: PageState): LiveData {
  return {
    now,
    operator: session !== null && session.role !== "viewer",
    zone,
    csrf: session?.csrf ?? "",
  };
}

/**
 * Mounts the dashboard: every page of routes/, /assets/*, the favicon, and a page for addresses
 * where nothing is. Pages are behind a session cookie; a form that changes something must come from
 * our own page and carry its secret. `buildAssets` must have built islands/ and static/ before.
 */
export async function mountPages<E extends { Bindings: PageBindings }>(
  app: Hono<E>,
  deps: PageDependencies,
): Promise<void> {
  const here = new URL("./", import.meta.url);
  const [pages, assets] = await Promise.all([
    loadRoutes(here),
    openAssets(deps.assets ?? new URL("../dist/", here)),
    registerIslands(new URL("../islands/", here)),
  ]);
  const site = app as unknown as Hono;
  assets.mount(site);
  const answers = new SharedReadings<string>(deps.clock);
  const dataOf = deps.data ?? ((c, session) => ownApi(deps.api, c, session, answers));
  const bodies = new SharedReadings<PackedBody>(deps.clock);

  servePages<PageState>(site, {
    pages,
    assets,
    shareData(c, { session, zone }, make) {
      if (!session) return make();
      const key = [rightsOf(session), zone, c.req.url].join(" ");
      return bodies.get(key, SHARED_MS, make, wantsAnew(c));
    },
    async enter(c, open) {
      const env: PageBindings = c.env;
      const cookie = sessionIdFrom(c.req.header("cookie") ?? null, env.secure);
      const session = cookie ? await deps.sessions.find(cookie) : null;
      if (!session && !open) return turnAway(c);
      if (c.req.method === "POST") await refuseForeignForm(c, session, deps.publicUrl);
      const now = deps.clock.now();
      const from = { address: env.address, userAgent: c.req.header("user-agent") ?? "" };
      const begin = (made: NewSession | null): boolean => {
        if (!made) return false;
        const seconds = (made.session.expiresAt - now) / 1000;
        c.header("set-cookie", sessionCookie(made.cookie, seconds, env.secure));
        return true;
      };
      return {
        // Data is shared by visitors of equal rights: the secret of one of them is not in it.
        session: session && { ...session, csrf: wantsData(c) ? "" : masked(session.csrf) },
        get data() {
          if (!session) throw new AppError("unauthenticated", FRAME.signInFirst);
          return dataOf(c, session);
        },
        now,
        demoUrl: session && session.role !== "viewer" ? deps.demoUrl : undefined,
        zone: zoneFrom(c.req.header("cookie")),
        signIn: async (token) => begin(await deps.sessions.signIn(token, from)),
        redeem: async (code) => begin(await deps.sessions.redeem(code, from)),
        provider: deps.sessions.provider,
        async beginOAuth(next) {
          const { location, kept } = await deps.sessions.beginOAuth(next);
          c.header("set-cookie", oauthCookie(kept, env.secure));
          return location;
        },
        async finishOAuth(answer) {
          const kept = oauthKeptFrom(c.req.header("cookie") ?? null, env.secure);
          const end = await deps.sessions.finishOAuth(answer, kept, from);
          if (end.kind === "allowed") begin(end);
          c.header("set-cookie", oauthCookie(null, env.secure), { append: true });
          return end;
        },
        async signOut() {
          if (cookie) await deps.sessions.signOut(cookie, from);
          c.header("set-cookie", sessionCookie("", 0, env.secure));
        },
      };
    },
    explain(c, thrown) {
      const { requestId } = c.env as PageBindings;
      if (thrown instanceof ApiRefusal) {
        return {
          status: thrown.status,
          message: thrown.message,
          requestId: thrown.problem.request_id ?? requestId,
        };
      }
      if (thrown instanceof AppError && STATUS[thrown.code]) {
        return { status: STATUS[thrown.code]!, message: thrown.message, requestId };
      }
      deps.log.error("A page failed", { path: c.req.path, requestId, error: thrown });
      return { status: 500, message: FRAME.failed, requestId };
    },
  });
}

const STATUS: Partial<Record<AppError["code"], number>> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  invalid: 422,
  rate_limited: 429,
  unavailable: 503,
  overloaded: 503,
};

/** The time zone that islands/PageKeys.tsx left in a cookie, if it is one. */
export function zoneFrom(cookies: string | undefined): string {
  const name = /(?:^|;\s*)zone=([\w+\-/%]{1,64})/.exec(cookies ?? "")?.[1];
  if (!name) return "UTC";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: decodeURIComponent(name) }).resolvedOptions()
      .timeZone;
  } catch {
    return "UTC";
  }
}

/** To the sign-in page, and back to where the visitor wanted to go. */
function turnAway(c: Context): Response {
  if (wantsData(c)) return c.json({ message: ACTIONS.ended }, 401);
  const url = new URL(c.req.url);
  // What a form wanted is not done afterwards; the page that it stood on is shown.
  const next = c.req.method === "GET" ? url.pathname + url.search : url.pathname;
  return c.redirect(next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`, 303);
}

/** Refuses forms that another site sent, and those without the session's secret. */
async function refuseForeignForm(
  c: Context,
  session: Session | null,
  publicUrl: string | undefined,
): Promise<void> {
  const site = c.req.header("sec-fetch-site");
  const origin = c.req.header("origin");
  const from = hostOf(origin);
  const own = site
    ? site === "same-origin" || site === "none"
    : from !== null && (from === hostOf(c.req.url) || from === hostOf(publicUrl));
  if (!own && (site || origin)) {
    throw new AppError("forbidden", FRAME.foreignForm);
  }
  if (!session) return;
  const form = await c.req.parseBody();
  if (!isSecret(session.csrf, String(form["csrf"] ?? ""))) {
    throw new AppError("forbidden", FRAME.staleForm);
  }
}

function hostOf(url: string | undefined): string | null {
  return url && URL.canParse(url) ? new URL(url).host : null;
}

/** Everybody who polls within it sees the same. */
const SHARED_MS = 1_000;
/** Figures of days and weeks cost by people, days and questions, and hardly change. */
const FIGURES_SHARED_MS = 10_000;
const FIGURES =
  /^\/api\/performance\/(performance\/history|analytics\/(range|compare|busiest|anomalies|retention|unanswered))\?/;

/** What a visitor may see follows from this alone, so those who have the same may share answers. */
const rightsOf = ({ role, content }: Session): string => `${role} ${content}`;

/** Whoever has just changed something asks for what is there now. */
const wantsAnew = (c: Context): boolean =>
  c.req.header("cache-control")?.includes("no-cache") ?? false;

/** The API as this visitor sees it, asked without a socket in between. */
function ownApi(
  api: PageDependencies["api"],
  c: Context,
  session: Session,
  answers: SharedReadings<string>,
) {
  const { origin } = new URL(c.req.url);
  const ask = async (path: string, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    for (const name of PASSED_ON) {
      const value = c.req.header(name);
      if (value !== undefined) headers.set(name, value);
    }
    headers.set("accept", "application/json");
    headers.set(CSRF_HEADER, session.csrf);
    const { address } = c.env as PageBindings;
    return await api(new Request(origin + path, { ...init, headers }), address);
  };
  return apiData(async (path, init) => {
    if (init || !FIGURES.test(path)) return await ask(path, init);
    let refused: Response | undefined;
    const read = async () => {
      const response = await ask(path);
      if (response.ok) return await response.text();
      refused = response;
      throw new Error("refused");
    };
    const key = `${rightsOf(session)} ${path}`;
    try {
      return new Response(await answers.get(key, FIGURES_SHARED_MS, read, wantsAnew(c)));
    } catch (thrown) {
      if (refused) return refused;
      throw thrown;
    }
  });
}

/** Headers of the page's request that say who asks, and from where. */
const PASSED_ON = ["cookie", "user-agent", "x-forwarded-for", "x-forwarded-proto", "x-request-id"];
