import type { Context } from "hono";
import { sessionCookie, sessionIdFrom } from "../lib/auth/session_cookie.ts";
import type { Clock } from "../lib/clock.ts";
import type { Begun, Sessions } from "../lib/web/sessions.ts";
import type { DashboardSessions, SignInOrigin } from "./middleware/dashboard_sessions.ts";

/** The dashboard's sessions as pages ask for them: by the cookie of their request. */
export function pageSessions(sessions: DashboardSessions, clock: Clock): Sessions {
  const secure = (c: Context): boolean => c.env.secure;
  const idOf = (c: Context) => sessionIdFrom(c.req.header("cookie") ?? null, secure(c));
  const origin = (c: Context): SignInOrigin => ({
    address: c.env.address,
    userAgent: (c.req.header("user-agent") ?? "").slice(0, 300),
  });
  const begun = (
    made: Awaited<ReturnType<DashboardSessions["redeem"]>>,
    c: Context,
  ): Begun | null => {
    if (!made) return null;
    const seconds = (made.session.expiresAt - clock.now()) / 1000;
    return { setCookie: sessionCookie(made.cookie, seconds, secure(c)) };
  };
  return {
    async find(c) {
      const id = idOf(c);
      return id ? await sessions.find(id) : null;
    },
    signIn: async (token, c) => begun(await sessions.signIn(token, origin(c)), c),
    redeem: async (code, c) => begun(await sessions.redeem(code, origin(c)), c),
    async signOut(c) {
      const id = idOf(c);
      if (id) await sessions.signOut(id);
      return sessionCookie("", 0, secure(c));
    },
  };
}
