import { csrfTokenFits, type Session } from "../../lib/auth/sessions.ts";

/** The header that carries a session's own token. */
const CSRF_HEADER = "x-csrf-token";

/**
 * Whether a request that a cookie authenticated was made by one of our own pages. The session's
 * token settles it; without one the browser's word does, which no page can forge.
 */
export function isOwnPage(
  request: Request,
  session: Session,
  publicUrl: string | undefined,
): boolean {
  const token = request.headers.get(CSRF_HEADER);
  if (token !== null) return csrfTokenFits(session, token);
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = request.headers.get("origin");
  if (origin === null) return false;
  if (publicUrl !== undefined) return URL.parse(publicUrl)?.origin === origin;
  const host = request.headers.get("host");
  return host !== null && URL.parse(origin)?.host === host.toLowerCase();
}

/** Methods that change nothing, so that nobody need ask who made them. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
