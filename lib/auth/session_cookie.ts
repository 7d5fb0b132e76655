/** The cookie that carries a session's id. `__Host-` binds it to this origin, which needs TLS. */
const SECURE_NAME = "__Host-pixel_session";
const PLAIN_NAME = "pixel_session";

/** The session id in a `Cookie` header, if there is one. */
export function sessionIdFrom(header: string | null, secure: boolean): string | null {
  if (!header) return null;
  const name = (secure ? SECURE_NAME : PLAIN_NAME) + "=";
  for (const part of header.split(";", 100)) {
    const pair = part.trim();
    if (pair.startsWith(name)) return pair.slice(name.length);
  }
  return null;
}

/** `Set-Cookie` for a session that ends `maxAgeSeconds` from now; 0 removes it. */
export function sessionCookie(id: string, maxAgeSeconds: number, secure: boolean): string {
  const name = secure ? SECURE_NAME : PLAIN_NAME;
  const age = Math.max(0, Math.floor(maxAgeSeconds));
  return `${name}=${id}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}
