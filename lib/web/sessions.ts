import type { Context } from "hono";
import type { Role } from "../wire/envelope.ts";

/** The header that proves a request with a cookie came from our pages: the session's `csrf`. */
export const CSRF_HEADER = "x-csrf-token";

/** Somebody who is signed in to the dashboard. */
export interface Session {
  /** Who: the token's subject. */
  subject: string;
  role: Role;
  /** May read message texts, arguments and results. */
  content: boolean;
  /** A secret of this session that pages send back with everything that changes something. */
  csrf: string;
}

/** What a sign-in began: `setCookie` is the whole header that gives the browser its session. */
export interface Begun {
  setCookie: string;
}

/**
 * Dashboard sessions, kept by an HttpOnly, SameSite=Lax cookie that only the implementation reads
 * and writes. Refusals by rate are `AppError("rate_limited")`.
 */
export interface Sessions {
  /** The session of a request's cookie; null when there is none, or it ended. */
  find(c: Context): Promise<Session | null>;
  /** Exchanges a bearer token for a session; null when the token does not hold. */
  signIn(token: string, c: Context): Promise<Begun | null>;
  /** Exchanges the code of a one-time sign-in link for a session; null when it is used or too old. */
  redeem(code: string, c: Context): Promise<Begun | null>;
  /** Ends the session; the `Set-Cookie` header that removes its cookie. */
  signOut(c: Context): Promise<string>;
}
