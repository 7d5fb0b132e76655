import { sessionIdFrom } from "../../lib/auth/session_cookie.ts";
import { bearerOf } from "../middleware/gate.ts";
import { isSecure } from "../middleware/visit.ts";
import type { ApiBuilder } from "./operation.ts";

/** How often a stream asks whether its reader is still somebody. */
export const CHECK_MS = 500;

/** Whether the token or session that opened a stream still holds. */
export async function stillSomebody(
  { deps: { auth, config } }: ApiBuilder,
  { request }: { request: Request },
): Promise<boolean> {
  const token = bearerOf(request.headers.get("authorization"));
  if (token !== null) return await auth.authenticate(token) !== null;
  const id = sessionIdFrom(request.headers.get("cookie"), isSecure(request, config));
  return id !== null && await auth.sessions.find(id) !== null;
}
