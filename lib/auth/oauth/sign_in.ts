import * as oauth from "oauth4webapi";
import { mayReadContent, type Principal } from "../principal.ts";
import { fingerprintOf } from "../secret.ts";
import { allowedRole, type AllowRule, readRules } from "./allow_list.ts";
import { type Expected, type OAuthOptions, Provider } from "./provider.ts";

/** How a sign-in by a provider ended. */
export type OAuthOutcome =
  | { kind: "allowed"; principal: Principal; next: string }
  /** The provider knows them, but no rule names them. `subject` is for the audit log. */
  | { kind: "stranger"; subject: string }
  /** The browser did not begin this sign-in, or the answer does not hold. */
  | { kind: "failed"; cause: unknown };

/**
 * Sign-in to the dashboard by OAuth 2.0 or OpenID Connect. Nothing is kept here between beginning
 * and callback: the browser that begins holds what the answer is checked against, in a cookie that
 * no page can read and no other browser has.
 */
export class OAuthSignIn {
  readonly #provider: Provider;
  readonly #rules: AllowRule[];
  /** Changes with the configuration, which ends all sessions that were begun under another. */
  readonly fingerprint: string;

  constructor(options: OAuthOptions) {
    this.#provider = new Provider(options);
    this.#rules = readRules(options.allow);
    const { provider, issuer, clientId, clientSecret, allow } = options;
    const parts = [provider, issuer, clientId, clientSecret, allow];
    this.fingerprint = fingerprintOf("oauth", parts);
  }

  /** What people know the provider by. */
  get name(): string {
    return this.#provider.name;
  }

  /** Where to send a browser, and what it must keep until it comes back. */
  async begin(next: string): Promise<{ location: string; kept: string }> {
    const expected: Expected = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    };
    const location = await this.#provider.signInAddress(expected);
    const { state, nonce, verifier } = expected;
    return { location, kept: [state, nonce, verifier, encodeURIComponent(next)].join(".") };
  }

  /** Who comes back from the provider; `kept` is what `begin` gave their browser. */
  async finish(answer: URLSearchParams, kept: string | null): Promise<OAuthOutcome> {
    const [state, nonce, verifier, next] = kept?.split(".") ?? [];
    if (!state || !nonce || !verifier || next === undefined) {
      return { kind: "failed", cause: new Error("the browser did not begin this sign-in") };
    }
    try {
      const identity = await this.#provider.identify(answer, { state, nonce, verifier });
      const subject = identity.emails[0] ?? identity.id;
      const role = allowedRole(this.#rules, identity);
      if (role === null) return { kind: "stranger", subject };
      const principal: Principal = {
        id: `oauth:${identity.id}`,
        subject,
        role,
        content: mayReadContent(role, false),
        source: "oauth",
        fingerprint: this.fingerprint,
        expiresAt: null,
      };
      return { kind: "allowed", principal, next: decodeURIComponent(next) };
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }
}
