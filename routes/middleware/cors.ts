const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE";
const ALLOWED_HEADERS =
  "authorization, content-type, content-encoding, idempotency-key, last-event-id, prefer, x-request-id";
const EXPOSED_HEADERS =
  "idempotent-replayed, preference-applied, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id";
const PREFLIGHT_SECONDS = "600";

/**
 * Lets pages of these origins call the API with a token of their own. Cookies never count across
 * origins. With no origin listed nothing is said at all, so browsers refuse.
 */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins.map((origin) => URL.parse(origin)?.origin ?? origin));
  }

  /** The answer to a browser's question whether it may ask; null when it is none, or not ours. */
  preflight(request: Request): Response | null {
    if (this.#origins.size === 0 || request.method !== "OPTIONS") return null;
    const origin = request.headers.get("origin");
    if (!origin || !this.#origins.has(origin)) return null;
    if (!request.headers.has("access-control-request-method")) return null;
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": ALLOWED_METHODS,
        "access-control-allow-headers": ALLOWED_HEADERS,
        "access-control-max-age": PREFLIGHT_SECONDS,
        vary: "origin",
      },
    });
  }

  /** Tells the browser whether the page that asked may read the answer. */
  mark(request: Request, response: Response): Response {
    if (this.#origins.size === 0) return response;
    const origin = request.headers.get("origin");
    response.headers.append("vary", "origin");
    if (origin && this.#origins.has(origin)) {
      response.headers.set("access-control-allow-origin", origin);
      response.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
    }
    return response;
  }
}
