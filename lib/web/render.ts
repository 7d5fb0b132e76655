import { createElement } from "preact";
import { renderToString } from "preact-render-to-string";
import type { AppProps } from "./page.ts";
import type { FileRoutes } from "./file_routes.ts";
import { collectIslands } from "./islands.ts";
import type { Assets } from "./assets.ts";

/** What pages may load: nothing but our own files, and no script or style in the markup. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const STYLES = "styles.css";

/** A whole document as a response, with preloads for the islands that it uses. */
export function renderDocument(
  app: FileRoutes["App"],
  assets: Assets,
  props: Omit<AppProps, "href">,
  init: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const { result, islands } = collectIslands(() =>
    renderToString(createElement(app, { ...props, href: assets.href }))
  );
  const headers = new Headers({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "vary": "accept, cookie",
    ...init.headers,
  });
  // The first paint waits for the style sheet alone, so scripts must not stand in line before it.
  const preloads = [
    `<${assets.href(STYLES)}>; rel=preload; as=style`,
    ...assets.modulesOf(islands).map((href) => `<${href}>; rel=modulepreload; fetchpriority=low`),
  ];
  headers.set("link", preloads.join(", "));
  return new Response("<!DOCTYPE html>" + result, { status: init.status ?? 200, headers });
}
