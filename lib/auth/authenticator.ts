import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import type { Logger } from "../log.ts";
import { bootstrapHash } from "./bootstrap.ts";
import type { JwtCheck, JwtOptions, RefusedJwt } from "./jwt.ts";
import type { OAuthOptions } from "./oauth/provider.ts";
import type { OAuthSignIn } from "./oauth/sign_in.ts";
import type { Principal } from "./principal.ts";
import { sameHash, secretHash } from "./secret.ts";
import { Sessions } from "./sessions.ts";
import { AuditLog } from "./audit.ts";
import { SignInLinks } from "./sign_in_links.ts";
import { TOKEN_PREFIX, Tokens } from "./tokens.ts";

/** Keys of a key server may be withdrawn, so what they signed is verified again after this. */
const REMEMBER_MS = 600_000;
/** A token of ours may be revoked, which holds everywhere after this. */
const REMEMBER_TOKEN_MS = 500;
const MAX_REMEMBERED = 10_000;
const MAX_TOKEN_LENGTH = 8_192;

export interface AuthenticatorOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  dataDir: string;
  adminToken: string | undefined;
  jwt: JwtOptions | undefined;
  /** Absent: people sign in to the dashboard with tokens alone. */
  oauth?: OAuthOptions;
  sessionIdleMs: number;
  sessionMaxMs: number;
  /** Whether a person reads standard output; decides where a new admin token is shown. */
  terminal?: boolean;
  print?: (line: string) => void;
}

interface Remembered {
  principal: Principal;
  /** By the clock's `elapsed`, which nobody sets back. */
  until: number;
}

/** Tells who a bearer token or a session belongs to. */
export class Authenticator {
  readonly sessions: Sessions;
  readonly links: SignInLinks;
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  readonly oauth: OAuthSignIn | null;
  readonly #clock: Clock;
  readonly #admin: Principal;
  readonly #adminHash: string;
  readonly #keysMayChange: boolean;
  readonly #jwt: JwtCheck | null;
  /**
   * Tokens that held a moment ago, found without hashing them on every request. The table's own
   * hash has a seed of this process, so the time of a look-up tells nothing about what is in it.
   */
  readonly #remembered = new Map<string, Remembered>();

  private constructor(
    options: AuthenticatorOptions,
    adminHash: string,
    jwt: JwtCheck | null,
    oauth: OAuthSignIn | null,
    tokens: (ended: (id: string) => void) => Tokens,
  ) {
    this.#clock = options.clock;
    this.#adminHash = adminHash;
    this.#keysMayChange = options.jwt?.jwksUrl !== undefined;
    this.#jwt = jwt;
    this.#admin = {
      id: "admin",
      subject: "admin",
      role: "admin",
      content: true,
      source: "bootstrap",
      fingerprint: secretHash("fingerprint:" + adminHash).slice(0, 16),
      expiresAt: null,
    };
    this.links = new SignInLinks(options.db, options.clock);
    this.tokens = tokens((id) => this.#forget(id));
    this.audit = new AuditLog(options);
    this.oauth = oauth;
    this.sessions = new Sessions({
      db: options.db,
      clock: options.clock,
      idleMs: options.sessionIdleMs,
      maxMs: options.sessionMaxMs,
      holds: (principal) => this.#stillHolds(principal),
    });
  }

  static async open(options: AuthenticatorOptions): Promise<Authenticator> {
    const adminHash = await bootstrapHash({
      configured: options.adminToken,
      db: options.db,
      dataDir: options.dataDir,
      log: options.log,
      now: options.clock.now(),
      terminal: options.terminal ?? Deno.stdout.isTerminal(),
      print: options.print ??
        ((line) => void Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"))),
    });
    // Both take memory that a service without them need not spend.
    const jwt = options.jwt
      ? await (await import("./jwt.ts")).jwtCheck(options.jwt, options)
      : null;
    const oauth = options.oauth
      ? new (await import("./oauth/sign_in.ts")).OAuthSignIn(options.oauth)
      : null;
    if (options.jwt?.secret && options.jwt.secret.length < 32) {
      options.log.warn("JWT_SECRET is shorter than 32 characters, which HS256 should have");
    }
    const tokens = await Tokens.open(options.db, options.clock);
    return new Authenticator(options, adminHash, jwt, oauth, (ended) => tokens.telling(ended));
  }

  /** The principal of a token verified a moment ago, without waiting; undefined: ask `authenticate`. */
  known(token: string): Principal | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const entry = this.#remembered.get(token);
    if (!entry || entry.until <= this.#clock.elapsed()) return undefined;
    const { principal } = entry;
    const over = principal.expiresAt !== null && principal.expiresAt <= this.#clock.now();
    return over ? undefined : principal;
  }

  /** Who a bearer token belongs to; null when it does not hold. */
  async authenticate(token: string): Promise<Principal | null> {
    if (token.length === 0 || token.length > MAX_TOKEN_LENGTH) return null;
    const known = this.known(token);
    if (known) return known;
    this.#remembered.delete(token);
    const now = this.#clock.now();
    const asked = this.#clock.elapsed();
    const principal = sameHash(secretHash(token), this.#adminHash)
      ? this.#admin
      : token.startsWith(TOKEN_PREFIX)
      ? await this.tokens.find(token)
      : principalIn(await this.#jwt?.verify(token, now));
    if (principal) this.#remember(token, principal, asked);
    return principal;
  }

  /** What the sender of a token that does not hold may be told about it; null: nothing. */
  async complaint(token: string): Promise<string | null> {
    if (!this.#jwt || token.length > MAX_TOKEN_LENGTH || token.startsWith(TOKEN_PREFIX)) {
      return null;
    }
    const found = await this.#jwt.verify(token, this.#clock.now()).catch(() => null);
    return found && "refused" in found ? found.refused : null;
  }

  /** Makes a one-time sign-in link's code for an admin session, for a person at this machine. */
  adminLink(livesMs: number): Promise<string> {
    return this.links.create(this.#admin, livesMs);
  }

  /** `asked` is when it was verified, so that a slow answer is not remembered for longer. */
  #remember(token: string, principal: Principal, asked: number): void {
    if (this.#remembered.size >= MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next();
      if (!oldest.done) this.#remembered.delete(oldest.value);
    }
    const forMs = principal.source === "token"
      ? REMEMBER_TOKEN_MS
      : this.#keysMayChange
      ? REMEMBER_MS
      : Infinity;
    this.#remembered.set(token, { principal, until: asked + forMs });
  }

  /** A principal's secret holds no longer. */
  #forget(id: string): void {
    for (const [token, { principal }] of this.#remembered) {
      if (principal.id === id) this.#remembered.delete(token);
    }
    this.sessions.recheck(id);
  }

  /** Sessions end with the token, or the configuration, that they were made with. */
  #stillHolds(principal: Principal): boolean | Promise<boolean> {
    const { source, fingerprint } = principal;
    if (source === "token") return this.tokens.holds(principal);
    if (source === "oauth") return fingerprint === this.oauth?.fingerprint;
    if (source === "jwt") return fingerprint === this.#jwt?.fingerprint;
    return fingerprint === this.#admin.fingerprint;
  }
}

const principalIn = (found: Principal | RefusedJwt | undefined): Principal | null =>
  found === undefined || "refused" in found ? null : found;
