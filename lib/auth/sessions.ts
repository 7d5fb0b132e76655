import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Principal } from "./principal.ts";
import { isSecret, newSecret, secretHash } from "./secret.ts";

/** A session is read from memory this long, so its end is seen everywhere within it. */
const REMEMBER_MS = 500;
const MAX_REMEMBERED = 5_000;
const MAX_LISTED = 10_000;
/** How exactly the last use is kept; each update is a write. */
const TOUCH_MS = 60_000;

/** What is stored: never the id itself, only under its hash. */
export interface SessionRecord {
  principal: Principal;
  startedAt: number;
  usedAt: number;
  /** It ends then, however busy. */
  endsAt: number;
  address: string;
  userAgent: string;
}

export interface Session {
  readonly principal: Principal;
  /** Goes back in `X-CSRF-Token` or a form's `csrf` field where a browser sends no `Origin`. */
  readonly csrfToken: string;
  /** When it ends however busy it is, milliseconds since the epoch. */
  readonly endsAt: number;
}

export interface SessionsOptions {
  db: Database;
  clock: Clock;
  idleMs: number;
  maxMs: number;
  /** Whether the credential that a session was started with is still in force. */
  holds: (principal: Principal) => boolean | Promise<boolean>;
}

/** Dashboard sessions: an opaque id in a cookie, everything else in the database. */
export class Sessions {
  readonly #options: SessionsOptions;
  /** `until` is by the clock's `elapsed`, which nobody sets back. */
  readonly #remembered = new Map<string, { session: Session; until: number }>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Starts a session and returns its id, which only the browser keeps, and when it ends. */
  async start(
    principal: Principal,
    from: { address?: string; userAgent?: string } = {},
    also?: (tx: WriteSet) => void,
  ): Promise<{ id: string; endsAt: number }> {
    const now = this.#options.clock.now();
    const id = newSecret();
    const endsAt = Math.min(now + this.#options.maxMs, principal.expiresAt ?? Infinity);
    const record: SessionRecord = {
      principal,
      startedAt: now,
      usedAt: now,
      endsAt,
      address: (from.address ?? "").slice(0, 100),
      userAgent: (from.userAgent ?? "").slice(0, 300),
    };
    const tx = new WriteSet().set(keyOf(secretHash(id)), record);
    also?.(tx);
    await this.#options.db.commit(tx);
    return { id, endsAt };
  }

  /** The session of an id from a cookie, or null when it ended or never was. */
  async find(id: string): Promise<Session | null> {
    if (!/^[\w-]{43}$/.test(id)) return null;
    const hash = secretHash(id);
    const now = this.#options.clock.now();
    const asked = this.#options.clock.elapsed();
    const remembered = this.#remembered.get(hash);
    if (remembered && remembered.until > asked && remembered.session.endsAt > now) {
      return remembered.session;
    }
    this.#remembered.delete(hash);
    const entry = await this.#options.db.kv.get<SessionRecord>(keyOf(hash));
    if (!entry.value || !await this.#alive(entry.value, now)) return null;
    if (now - entry.value.usedAt >= TOUCH_MS) {
      // Checked, so that a session that ends at this moment does not come back.
      await this.#options.db.commit(
        new WriteSet().check(entry.key, entry.versionstamp)
          .set(entry.key, { ...entry.value, usedAt: now }),
      );
    }
    const { principal, endsAt } = entry.value;
    const session: Session = { principal, csrfToken: csrfTokenOf(id), endsAt };
    this.#remember(hash, session, asked + REMEMBER_MS);
    return session;
  }

  /** Ends a session; at once here, within a second in other processes. */
  async end(id: string, also?: (tx: WriteSet) => void): Promise<void> {
    const hash = secretHash(id);
    this.#remembered.delete(hash);
    const tx = new WriteSet().delete(keyOf(hash));
    also?.(tx);
    await this.#options.db.commit(tx);
    this.#remembered.delete(hash);
  }

  /** A principal's secret has ended: its sessions are looked at again before they are next used. */
  recheck(principalId: string): void {
    for (const [hash, { session }] of this.#remembered) {
      if (session.principal.id === principalId) this.#remembered.delete(hash);
    }
  }

  /** A page of sessions that have not ended; `cursor` is the name of the last one seen. */
  async list(
    limit: number,
    cursor?: string,
  ): Promise<{ sessions: (SessionRecord & { name: string })[]; next?: string }> {
    const now = this.#options.clock.now();
    const range = cursor === undefined
      ? { prefix: PREFIX }
      : { prefix: PREFIX, start: [...PREFIX, cursor, 0] };
    const sessions: (SessionRecord & { name: string })[] = [];
    const found = this.#options.db.kv.list<SessionRecord>(range, { limit: MAX_LISTED });
    for await (const { key, value } of found) {
      if (!await this.#alive(value, now)) continue;
      if (sessions.length === limit) return { sessions, next: sessions.at(-1)!.name };
      sessions.push({ ...value, name: String(key.at(-1)) });
    }
    return { sessions };
  }

  /**
   * Ends a session by its name in the list, which is not what its browser keeps; at once here,
   * within half a second in other processes. False when there is none. `also` joins the commit.
   */
  async revoke(name: string, also?: (tx: WriteSet) => void): Promise<boolean> {
    const { key, versionstamp } = await this.#options.db.kv.get(keyOf(name));
    if (versionstamp === null) return false;
    const tx = new WriteSet().delete(key);
    also?.(tx);
    await this.#options.db.commit(tx);
    this.#remembered.delete(name);
    return true;
  }

  /** Deletes up to `limit` sessions that ended; returns how many. */
  async sweep(limit = 500): Promise<number> {
    const now = this.#options.clock.now();
    const write = new WriteSet();
    for await (const entry of this.#options.db.kv.list<SessionRecord>({ prefix: PREFIX })) {
      if (!await this.#alive(entry.value, now)) write.delete(entry.key);
      if (write.mutations.length >= limit) break;
    }
    if (!write.empty) await this.#options.db.commit(write);
    return write.mutations.length;
  }

  async #alive(record: SessionRecord, now: number): Promise<boolean> {
    return record.endsAt > now && record.usedAt + this.#options.idleMs > now &&
      await this.#options.holds(record.principal);
  }

  #remember(hash: string, session: Session, until: number): void {
    if (this.#remembered.size >= MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next();
      if (!oldest.done) this.#remembered.delete(oldest.value);
    }
    this.#remembered.set(hash, { session, until });
  }
}

const PREFIX: Deno.KvKey = ["auth", "session"];
const keyOf = (hash: string): Deno.KvKey => [...PREFIX, hash];

/** Derived from the session's id, so it needs no storage and tells nothing about the id. */
export function csrfTokenOf(sessionId: string): string {
  return secretHash("csrf:" + sessionId);
}

/** Whether this is the session's own token, masked or not, compared in constant time. */
export function csrfTokenFits(session: Session, given: string): boolean {
  return isSecret(session.csrfToken, given);
}
