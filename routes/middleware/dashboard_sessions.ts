import type { AuditEntry } from "../../lib/auth/audit.ts";
import type { Authenticator } from "../../lib/auth/authenticator.ts";
import type { OAuthOutcome } from "../../lib/auth/oauth/sign_in.ts";
import type { Principal, Role } from "../../lib/auth/principal.ts";
import type { Session } from "../../lib/auth/sessions.ts";
import { AppError, notFound } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
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

const NOWHERE: SignInOrigin = { address: "", userAgent: "" };

/** What became of somebody who came back from a sign-in provider. */
export type OAuthEnd =
  | { kind: "allowed"; cookie: string; session: SignedIn; next: string }
  | { kind: "stranger" | "failed" };

/** Signing in to the dashboard with a token, a one-time link or a provider, and out again. */
export class DashboardSessions {
  constructor(readonly auth: Authenticator, readonly gate: Gate, readonly log: Logger) {}

  /** What people know the sign-in provider by; null without one. */
  get provider(): string | null {
    return this.auth.oauth?.name ?? null;
  }

  /**
   * Where to send a browser to sign in, and what it must keep meanwhile. AppError `unavailable`
   * when the provider does not answer, `not_found` without one.
   */
  async beginOAuth(next: string): Promise<{ location: string; kept: string }> {
    if (!this.auth.oauth) throw notFound("There is no sign-in provider.");
    try {
      return await this.auth.oauth.begin(next);
    } catch (error) {
      this.log.warn("the sign-in provider does not answer", { error });
      throw new AppError("unavailable", "The sign-in provider does not answer.");
    }
  }

  /** Somebody comes back from the provider. AppError `rate_limited`. */
  async finishOAuth(
    answer: URLSearchParams,
    kept: string | null,
    from: SignInOrigin,
  ): Promise<OAuthEnd> {
    if (!this.auth.oauth) return { kind: "failed" };
    const action = "sign_in_by_oauth";
    let outcome: OAuthOutcome | undefined;
    try {
      await this.gate.signInBy(from.address, async () => {
        outcome = await this.auth.oauth!.finish(answer, kept);
        return outcome.kind === "allowed" ? outcome.principal : null;
      });
    } catch (error) {
      this.#refused(action, 429, from);
      throw error;
    }
    if (outcome!.kind === "allowed") {
      const { principal, next } = outcome!;
      const begun = await this.#start(action, principal, from);
      return begun ? { kind: "allowed", next, ...begun } : { kind: "failed" };
    }
    if (outcome!.kind === "failed") {
      this.log.warn("a sign-in by the provider failed", { error: outcome!.cause });
      this.#refused(action, 401, from);
    } else this.#refused(action, 403, from, outcome!.subject);
    return { kind: outcome!.kind };
  }

  /** Exchanges a token for a session; null when it does not hold. AppError `rate_limited`. */
  async signIn(
    token: string,
    from: SignInOrigin,
  ): Promise<{ cookie: string; session: SignedIn } | null> {
    let principal: Principal | null = null;
    try {
      principal = await this.gate.signIn(token.trim(), from.address);
    } catch (error) {
      this.#refused("sign_in", 429, from);
      throw error;
    }
    if (!principal) this.#refused("sign_in", 401, from);
    return principal && await this.#start("sign_in", principal, from);
  }

  /** Exchanges the code of a one-time link; null when it was used or is too old. */
  async redeem(
    code: string,
    from: SignInOrigin,
  ): Promise<{ cookie: string; session: SignedIn } | null> {
    const principal = await this.auth.links.redeem(code);
    if (!principal) this.#refused("sign_in_by_link", 401, from);
    return principal && await this.#start("sign_in_by_link", principal, from);
  }

  /** The session of a cookie's value; null when it ended or never was. */
  async find(cookie: string): Promise<SignedIn | null> {
    const session = await this.auth.sessions.find(cookie);
    return session && signedIn(session);
  }

  /** Ends a cookie's session. */
  async signOut(cookie: string, from: SignInOrigin = NOWHERE): Promise<void> {
    const session = await this.auth.sessions.find(cookie);
    await this.auth.sessions.end(cookie, (tx) => {
      if (session) this.auth.audit.add(tx, this.#entry("sign_out", session.principal, 200, from));
    });
  }

  async #start(action: string, principal: Principal, from: SignInOrigin) {
    const entry = this.#entry(action, principal, 200, from);
    const { id } = await this.auth.sessions.start(
      principal,
      from,
      (tx) => this.auth.audit.add(tx, entry),
    );
    const session = await this.auth.sessions.find(id);
    return session && { cookie: id, session: signedIn(session) };
  }

  #refused(action: string, status: number, from: SignInOrigin, subject = ""): void {
    this.auth.audit.gather({ ...this.#entry(action, null, status, from), subject });
  }

  #entry(action: string, principal: Principal | null, status: number, from: SignInOrigin) {
    return {
      at: this.gate.options.clock.now(),
      actor: principal?.id ?? "anonymous",
      subject: principal?.subject ?? "",
      action,
      target: "dashboard",
      address: from.address,
      status,
      requestId: "",
    } satisfies AuditEntry;
  }
}

function signedIn({ principal, csrfToken, endsAt }: Session): SignedIn {
  const { subject, role, content } = principal;
  return { subject, role, content, csrf: csrfToken, expiresAt: endsAt };
}
