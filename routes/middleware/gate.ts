import type { Authenticator } from "../../lib/auth/authenticator.ts";
import { type Principal, type Role, roleCovers } from "../../lib/auth/principal.ts";
import type { Session } from "../../lib/auth/sessions.ts";
import { sessionIdFrom } from "../../lib/auth/session_cookie.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Config } from "../../lib/config/config.ts";
import { AppError } from "../../lib/errors.ts";
import { isOwnPage, isSafe } from "./csrf.ts";
import { Refusal } from "./problem.ts";
import { TokenBuckets } from "./token_buckets.ts";
import { clientAddress, headerBytes, isSecure, type ServeInfo } from "./visit.ts";

/** Somebody who was let in. `session` is there when a cookie said who they are. */
export interface Visitor {
  principal: Principal;
  session?: Session;
}

interface Asked {
  request: Request;
  info: ServeInfo | undefined;
  /** Set as soon as it is known who asks, also when they are then refused. */
  principal?: Principal;
  /** What is wrong with the token, where that may be said. */
  complaint?: string | null;
}

/** A set that forgets its oldest member when it is full. */
class RecentNames extends Set<string> {
  constructor(readonly most: number) {
    super();
  }

  override add(name: string): this {
    if (this.size >= this.most && !this.has(name)) this.delete(this.values().next().value!);
    return super.add(name);
  }
}

/** Decides who may come in, and refuses everybody else in the contract's order. */
export class Gate {
  readonly #requests: TokenBuckets;
  readonly #failures: TokenBuckets;
  readonly #policy: string;
  /** Addresses that were refused for wrong tokens, until they are seen to have recovered. */
  readonly #blocked = new RecentNames(10_000);
  /** Address and principal of every token that was verified. */
  readonly #seen = new RecentNames(20_000);

  constructor(readonly options: { auth: Authenticator; config: Config; clock: Clock }) {
    const { limits } = options.config;
    this.#requests = new TokenBuckets(
      { perSecond: limits.requestsPerSecond, burst: limits.requestBurst },
      options.clock,
    );
    const window = Math.max(1, Math.ceil(limits.requestBurst / limits.requestsPerSecond));
    this.#policy = `"token";q=${limits.requestBurst};w=${window}`;
    const perMinute = limits.signInFailuresPerMinute;
    this.#failures = new TokenBuckets(
      { perSecond: perMinute / 60, burst: perMinute },
      options.clock,
    );
  }

  /**
   * Rate limit 429, header size 431, who are you 401, may you 403. Throws, or gives a promise only
   * where somebody has to be asked who it is.
   */
  admit(asked: Asked, needed: Role): Visitor | Promise<Visitor> {
    const token = bearerOf(asked.request.headers.get("authorization"));
    const known = token ? this.options.auth.known(token) : undefined;
    if (!known) {
      return this.#identify(asked, token)
        .then((visitor) => this.#letIn(visitor, asked, token, needed));
    }
    if (this.#blocked.size > 0) this.#checkBlocked(asked, known);
    return this.#letIn({ principal: known }, asked, token, needed);
  }

  #letIn(visitor: Visitor | null, asked: Asked, token: string | null, needed: Role): Visitor {
    asked.principal = visitor?.principal;
    if (visitor) this.#countRequest(visitor.principal);
    this.#measureHeaders(asked.request);
    if (!visitor) {
      throw new AppError(
        "unauthenticated",
        !token
          ? "A token is needed: send Authorization: Bearer <token>."
          : asked.complaint ?? "This token is not valid, or no longer.",
      );
    }
    if (!roleCovers(visitor.principal.role, needed)) {
      throw new AppError(
        "forbidden",
        `This takes the role ${needed}; this token has the role ${visitor.principal.role}.`,
      );
    }
    return visitor;
  }

  /** Adds what a principal has left, as draft-ietf-httpapi-ratelimit-headers says it. */
  addRateLimit(headers: Record<string, string>, { id }: Principal): void {
    const left = this.#requests.left(id);
    if (left === null) return;
    const { perSecond, burst } = this.#requests.size;
    headers["ratelimit-policy"] = this.#policy;
    headers["ratelimit"] = `"token";r=${left};t=${Math.ceil((burst - left) / perSecond)}`;
  }

  /** Refuses a request that a cookie authenticated unless one of our pages made it. */
  checkOrigin(request: Request, visitor: Visitor): void {
    if (!visitor.session || isSafe(request.method)) return;
    if (isOwnPage(request, visitor.session, this.options.config.publicUrl)) return;
    throw new Refusal("csrf", "A request with a session cookie must come from our own pages.");
  }

  /**
   * Who a bearer token belongs to, for signing in; null when it does not hold. Throws AppError
   * `rate_limited` when there were too many wrong ones from this address, unless they came in from
   * there before.
   */
  async signIn(token: string, address: string): Promise<Principal | null> {
    const { auth } = this.options;
    const wait = this.#failures.wait(address);
    if (wait === 0) return await this.signInBy(address, () => auth.authenticate(token));
    const principal = await auth.authenticate(token);
    if (principal && this.#seen.has(address + " " + principal.id)) return principal;
    throw tooManyFailures(wait);
  }

  /** As `signIn`, by any other proof; null from `prove` counts as a failure of the address. */
  async signInBy(
    address: string,
    prove: () => Promise<Principal | null>,
  ): Promise<Principal | null> {
    const wait = this.#failures.wait(address);
    if (wait > 0) throw tooManyFailures(wait);
    const principal = await prove();
    if (principal) this.#seen.add(address + " " + principal.id);
    else if (this.#failures.take(address) === 0 && this.#failures.wait(address) > 0) {
      this.#blocked.add(address);
    }
    return principal;
  }

  /** Somebody who guesses must not be told when a guess is right; who came in before may go on. */
  #checkBlocked({ request, info }: Asked, principal: Principal): void {
    const address = clientAddress(request, info, this.options.config.trustProxy);
    if (!this.#blocked.has(address)) return;
    const wait = this.#failures.wait(address);
    if (wait === 0) this.#blocked.delete(address);
    else if (!this.#seen.has(address + " " + principal.id)) throw tooManyFailures(wait);
  }

  async #identify(asked: Asked, token: string | null): Promise<Visitor | null> {
    const { request, info } = asked;
    const { auth, config } = this.options;
    const address = clientAddress(request, info, config.trustProxy);
    if (token !== null) {
      const principal = await this.signIn(token, address);
      if (!principal) asked.complaint = await auth.complaint(token);
      return principal && { principal };
    }
    const cookie = request.headers.get("cookie");
    const id = cookie && sessionIdFrom(cookie, isSecure(request, config));
    const session = id ? await auth.sessions.find(id) : null;
    return session && { principal: session.principal, session };
  }

  #countRequest(principal: Principal): void {
    const wait = this.#requests.take(principal.id);
    if (wait > 0) throw tooMany("Too many requests with this token.", wait);
  }

  #measureHeaders(request: Request): void {
    const limit = this.options.config.limits.headerBytes;
    if (limit > 0 && headerBytes(request) > limit) {
      throw new Refusal(
        "headers_too_large",
        `The request's address and headers are longer than ${limit} bytes.`,
      );
    }
  }
}

/** The token of an `Authorization: Bearer` header; an empty one when another scheme was used. */
export function bearerOf(header: string | null): string | null {
  if (header === null) return null;
  return header.slice(0, 7).toLowerCase() === "bearer " ? header.slice(7).trim() : "";
}

function tooManyFailures(waitSeconds: number): AppError {
  return tooMany("Too many failed sign-ins from this address.", waitSeconds);
}

function tooMany(detail: string, waitSeconds: number): AppError {
  return new AppError("rate_limited", `${detail} Wait as long as Retry-After says.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(waitSeconds)),
  });
}
