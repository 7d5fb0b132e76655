import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createElement } from "preact";
import type { Assets } from "./assets.ts";
import type { ErrorPageProps, FileRoute, FileRoutes } from "./file_routes.ts";
import type { PageContext, PageModule, RenderOptions } from "./page.ts";
import { bodyFor, type PackedBody, packedBody } from "./packed_body.ts";
import { renderDocument } from "./render.ts";

export interface ServePagesOptions<State> {
  pages: FileRoutes;
  assets: Assets;
  /** What a page knows of its visitor, or an answer instead of the page, such as a redirect. */
  enter(c: Context, open: boolean): Promise<State | Response>;
  /**
   * The data of a page as JSON, which `make` makes or somebody else's asking has made a moment ago.
   * Without it each asking makes its own.
   */
  shareData?(c: Context, state: State, make: () => Promise<PackedBody>): Promise<PackedBody>;
  /** How a failure is told to people. It is also the place to log it. */
  explain(c: Context, thrown: unknown): ErrorPageProps;
}

const DATA_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "vary": "accept, cookie",
};
const MAX_FORM_BYTES = 64 * 1024;

/**
 * Serves every page of routes/ below `app`, with 405 for methods that a page does not know, and a
 * page for people at every address that nothing before it answers.
 */
export function servePages<State>(app: Hono, options: ServePagesOptions<State>): void {
  const limit = bodyLimit({
    maxSize: MAX_FORM_BYTES,
    onError: (c) => c.text("This form is too large.", 413),
  });
  for (const route of options.pages.routes) {
    app.all(route.pattern, limit, async (c) => {
      const response = await packed(c, await answer(c, route, options));
      // Through the context, so that cookies set on the way are kept.
      return c.newResponse(response.body, response);
    });
  }
  app.get("*", async (c, next) => {
    if (!c.req.header("accept")?.includes("text/html")) return await next();
    return await packed(c, await answer(c, { pattern: "*", module: NOWHERE }, options));
  });
}

/** What a person sees at an address where nothing is. */
const NOWHERE: PageModule = {
  default: () => null,
  handler: { GET: (ctx) => ctx.notFound() },
  config: { open: true },
};

async function answer<State>(
  c: Context,
  { module }: FileRoute,
  options: ServePagesOptions<State>,
): Promise<Response> {
  const { pages, assets } = options;
  const url = new URL(c.req.url);
  const isData = wantsData(c);
  const failed = (problem: ErrorPageProps, state: State | null) =>
    isData ? c.json({ message: problem.message }, problem.status as 404) : renderDocument(
      pages.App,
      assets,
      { page: createElement(pages.ErrorPage, problem), title: problem.message, url, state },
      { status: problem.status },
    );
  let state: State | null = null;
  try {
    const entered = await options.enter(c, module.config?.open ?? false);
    if (entered instanceof Response) return entered;
    state = entered;
    const method = c.req.method === "HEAD" ? "GET" : c.req.method;
    const handle = method === "POST" ? module.handler?.POST : module.handler?.GET;
    if (method !== "GET" && !(method === "POST" && handle)) {
      const allow = module.handler?.POST ? "GET, HEAD, POST" : "GET, HEAD";
      return c.text("This page cannot do that.", 405, { allow });
    }
    const params = c.req.param() as Record<string, string>;
    const render = (data: unknown, given: RenderOptions = {}): Response =>
      isData
        ? new Response(JSON.stringify(data ?? null), { headers: DATA_HEADERS })
        : renderDocument(pages.App, assets, {
          page: createElement(module.default, { data, url, params, state }),
          title: given.title ?? "",
          url,
          state,
        }, given);
    const context: PageContext<State> = {
      request: c.req.raw,
      url,
      params,
      state,
      hono: c,
      render,
      redirect: (to, headers) =>
        new Response(null, { status: 303, headers: { location: to, ...headers } }),
      notFound: (what) =>
        failed({ status: 404, message: what ?? "There is nothing here.", requestId: "" }, state),
    };
    const respond = () => handle ? handle(context) : render(undefined);
    const { shareData } = options;
    if (!isData || method !== "GET" || !shareData) return await respond();
    return await shared(c, (make) => shareData(c, entered, make), respond);
  } catch (thrown) {
    return failed(options.explain(c, thrown), state);
  }
}

/** A page or its data, packed for those who take that. */
async function packed(c: Context, response: Response): Promise<Response> {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  const whole = response.body && !headers.has("content-encoding") && /html|json/.test(type);
  if (!whole) return response;
  return bodyFor(c.req, await packedBody(await response.text()), { status, headers });
}

/** A page's data that others may have asked for too; what is no data is answered by itself. */
async function shared(
  c: Context,
  share: (make: () => Promise<PackedBody>) => Promise<PackedBody>,
  respond: () => Response | Promise<Response>,
): Promise<Response> {
  let other: Response | undefined;
  const make = async () => {
    const response = await respond();
    if (response.status === 200) return await packedBody(await response.text());
    other = response;
    throw new Error("no data");
  };
  try {
    return bodyFor(c.req, await share(make), { headers: new Headers(DATA_HEADERS) });
  } catch (thrown) {
    if (other) return other;
    throw thrown;
  }
}

/** A live page asks its own address again for fresh data, by `Accept: application/json`. */
export function wantsData(c: Context): boolean {
  return c.req.header("accept") === "application/json";
}
