import type { Authenticator } from "../../lib/auth/authenticator.ts";
import type { Principal, Role } from "../../lib/auth/principal.ts";
import type { Session } from "../../lib/auth/sessions.ts";
import type { Gate } from "./gate.ts";

/** Somebody who is signed in to the dashboard, as pages know them. */
export interface SignedIn {
  subject: string;
  role: Role;
  content: boolean;
  /** Goes back with everything that changes something. */
  csrf: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Where a sign-in comes from. */
export interface SignInOrigin {
  address: string;
  userAgent: string;
}

/** Signing in to the dashboard with a token or a one-time link, and out again. */
export class DashboardSessions {
  constructor(readonly auth: Authenticator, readonly gate: Gate) {}

  /** Exchanges a token for a session; null when it does not hold. AppError `rate_limited`. */
  async signIn(
    token: string,
    from: SignInOrigin,
  ): Promise<{ cookie: string; session: SignedIn } | null> {
    const principal = await this.gate.signIn(token.trim(), from.address);
    return principal && await this.#start(principal, from);
  }

  /** Exchanges the code of a one-time link; null when it was used or is too old. */
  async redeem(
    code: string,
    from: SignInOrigin,
  ): Promise<{ cookie: string; session: SignedIn } | null> {
    const principal = await this.auth.links.redeem(code);
    return principal && await this.#start(principal, from);
  }

  /** The session of a cookie's value; null when it ended or never was. */
  async find(cookie: string): Promise<SignedIn | null> {
    const session = await this.auth.sessions.find(cookie);
    return session && signedIn(session);
  }

  signOut(cookie: string): Promise<void> {
    return this.auth.sessions.end(cookie);
  }

  async #start(principal: Principal, from: SignInOrigin) {
    const { id } = await this.auth.sessions.start(principal, from);
    const session = await this.auth.sessions.find(id);
    return session && { cookie: id, session: signedIn(session) };
  }
}

function signedIn({ principal, csrfToken, endsAt }: Session): SignedIn {
  const { subject, role, content } = principal;
  return { subject, role, content, csrf: csrfToken, expiresAt: endsAt };
}
