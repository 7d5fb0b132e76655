import type { Principal } from "../../lib/auth/principal.ts";
import { sessionIdFrom } from "../../lib/auth/session_cookie.ts";
import type { ApiDeps } from "../deps.ts";
import { bearerOf } from "../middleware/gate.ts";
import { isSecure } from "../middleware/visit.ts";

/** How often a stream asks whether its reader is still somebody. */
export const CHECK_MS = 500;

/** Whether the token or session that opened a stream still holds. Rejects when nobody can tell. */
export async function stillSomebody(
  { deps: { auth, clock, config } }: { deps: Pick<ApiDeps, "auth" | "clock" | "config"> },
  { request, principal }: { request: Request; principal: Principal },
): Promise<boolean> {
  // For that nobody need be asked, such as a key server that does not answer.
  if (principal.expiresAt !== null && principal.expiresAt <= clock.now()) return false;
  const token = bearerOf(request.headers.get("authorization"));
  if (token !== null) return await auth.authenticate(token) !== null;
  const id = sessionIdFrom(request.headers.get("cookie"), isSecure(request, config));
  return id !== null && await auth.sessions.find(id) !== null;
}

/**
 * Asks every half second, and calls `gone` once when the token or session holds no longer; while
 * nobody can tell it is taken to hold. The returned function ends that.
 */
export function watchSomebody(
  api: Parameters<typeof stillSomebody>[0],
  call: Parameters<typeof stillSomebody>[1],
  gone: () => void,
): () => void {
  const { clock } = api.deps;
  let ended = false;
  let cancel = () => {};
  const check = async () => {
    const lives = await stillSomebody(api, call).catch(() => true);
    if (ended) return;
    if (lives) cancel = clock.after(CHECK_MS, check);
    else gone();
  };
  cancel = clock.after(CHECK_MS, check);
  return () => {
    ended = true;
    cancel();
  };
}
