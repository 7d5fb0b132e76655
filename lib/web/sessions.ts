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
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface NewSession {
  /** The secret value of the cookie. */
  cookie: string;
  session: Session;
}

/** Where a sign-in comes from, for limits and the audit log. */
export interface Visitor {
  address: string;
  userAgent: string;
}

/** Dashboard sessions. Refusals by rate are `AppError("rate_limited")`. */
export interface Sessions {
  /** Exchanges a bearer token for a session; null when the token does not hold. */
  signIn(token: string, from: Visitor): Promise<NewSession | null>;
  /** Exchanges the code of a one-time sign-in link; null when it was used or is too old. */
  redeem(code: string, from: Visitor): Promise<NewSession | null>;
  /** The session of a cookie's value; null when unknown, expired or signed out. */
  find(cookie: string): Promise<Session | null>;
  /** What people know the sign-in provider by; null without one. */
  readonly provider: string | null;
  /** Where to send a browser to sign in at the provider, and what it must keep meanwhile. */
  beginOAuth(next: string): Promise<{ location: string; kept: string }>;
  /** Somebody comes back from the provider: let in, unknown to us, or not proven. */
  finishOAuth(answer: URLSearchParams, kept: string | null, from: Visitor): Promise<
    NewSession & { kind: "allowed"; next: string } | { kind: "stranger" | "failed" }
  >;
  signOut(cookie: string, from: { address: string; userAgent: string }): Promise<void>;
}
