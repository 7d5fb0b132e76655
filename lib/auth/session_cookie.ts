/** The cookies that carry a session's id, and a sign-in that is under way at a provider. */
const SESSION = "pixel_session";
const OAUTH = "pixel_oauth";
/** As long as people may take at the provider. */
const OAUTH_SECONDS = 900;

/** The session id in a `Cookie` header, if there is one. */
export function sessionIdFrom(header: string | null, secure: boolean): string | null {
  return valueOf(header, SESSION, secure);
}

/** `Set-Cookie` for a session that ends `maxAgeSeconds` from now; 0 removes it. */
export function sessionCookie(id: string, maxAgeSeconds: number, secure: boolean): string {
  return cookie(SESSION, id, maxAgeSeconds, secure);
}

/** What a browser was given to keep when it began to sign in at a provider. */
export function oauthKeptFrom(header: string | null, secure: boolean): string | null {
  return valueOf(header, OAUTH, secure);
}

/** `Set-Cookie` for a sign-in that is under way; null ends it. */
export function oauthCookie(kept: string | null, secure: boolean): string {
  return cookie(OAUTH, kept ?? "", kept === null ? 0 : OAUTH_SECONDS, secure);
}

/** `__Host-` binds a cookie to this origin, which needs TLS. */
const fullName = (name: string, secure: boolean) => secure ? `__Host-${name}` : name;

function valueOf(header: string | null, cookie: string, secure: boolean): string | null {
  if (!header) return null;
  const name = fullName(cookie, secure) + "=";
  for (const part of header.split(";", 100)) {
    const pair = part.trim();
    if (pair.startsWith(name)) return pair.slice(name.length);
  }
  return null;
}

function cookie(name: string, value: string, maxAgeSeconds: number, secure: boolean): string {
  const age = Math.max(0, Math.floor(maxAgeSeconds));
  const tls = secure ? "; Secure" : "";
  return `${fullName(name, secure)}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${tls}`;
}
