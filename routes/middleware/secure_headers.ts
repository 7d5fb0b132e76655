/** Headers of every answer of the API: nothing in it is a page, so a browser may do nothing with it. */
export function apiHeaders(contentType: string, requestId: string): Record<string, string> {
  return {
    "content-type": contentType,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    // A proxy such as nginx holds answers back until its buffer is full: events would come late.
    ...(contentType === "text/event-stream" ? { "x-accel-buffering": "no" } : {}),
  };
}

/** What a page may load: our own files, and inline only what carries this answer's nonce. */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const ONE_YEAR_SECONDS = 31_536_000;

/** Adds what every page and asset carries; a header that the page set itself stays. */
export function securePage(
  response: Response,
  options: { nonce: string; requestId: string; secure: boolean },
): Response {
  const headers = new Headers(response.headers);
  const add = (name: string, value: string) => {
    if (!headers.has(name)) headers.set(name, value);
  };
  add("content-security-policy", pagePolicy(options.nonce));
  add("cross-origin-opener-policy", "same-origin");
  add("cross-origin-resource-policy", "same-origin");
  add("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()");
  add("referrer-policy", "same-origin");
  add("x-content-type-options", "nosniff");
  add("x-frame-options", "DENY");
  add("x-request-id", options.requestId);
  if (options.secure) add("strict-transport-security", `max-age=${ONE_YEAR_SECONDS}`);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

/** A nonce for one answer's inline scripts and styles. */
export function newNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}
