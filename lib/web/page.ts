import type { ComponentType, JSX } from "preact";
import type { Context } from "hono";

/** What a page component gets. `data` is what its handler rendered. */
export interface PageProps<Data = unknown, State = unknown> {
  data: Data;
  url: URL;
  params: Record<string, string>;
  state: State;
}

export interface RenderOptions {
  status?: number;
  title?: string;
  headers?: Record<string, string>;
}

/** What a page's handler gets. */
export interface PageContext<State = unknown> {
  request: Request;
  url: URL;
  params: Record<string, string>;
  state: State;
  /** The page with this data: HTML, or the data itself for `Accept: application/json`. */
  render(data: unknown, options?: RenderOptions): Response;
  /** 303 to a path of ours. */
  redirect(to: string, headers?: Record<string, string>): Response;
  /** The page that says there is nothing here. */
  notFound(what?: string): Response;
  hono: Context;
}

// deno-lint-ignore no-explicit-any -- each page has its own state; mountPages gives all of them one
type PageHandler = (ctx: PageContext<any>) => Response | Promise<Response>;

/** A module in routes/: the component, and what answers each method. */
export interface PageModule {
  // deno-lint-ignore no-explicit-any -- a page's props are checked where it calls ctx.render
  default: ComponentType<any>;
  handler?: { GET?: PageHandler; POST?: PageHandler };
  /** `open`: reachable without signing in. */
  config?: { open?: boolean };
}

/** What `_app.tsx` gets: it draws the whole document around the page. */
export interface AppProps<State = unknown> {
  page: JSX.Element;
  title: string;
  url: URL;
  state: State;
  /** The address of a file of static/ or of a built one. */
  href(name: string): string;
}
