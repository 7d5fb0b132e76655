import { createHmac } from "node:crypto";
import type { Clock } from "../clock.ts";
import { notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { mayReadContent, type Principal, type Role } from "./principal.ts";
import { newSecret } from "./secret.ts";

/** How exactly the last use is kept; each update is a write. */
const TOUCH_MS = 60_000;
const MAX_TRIES = 20;

/** What every token begins with. */
export const TOKEN_PREFIX = "pat_";

/** What an admin says about a new token. */
export interface TokenDraft {
  /** For people; also the subject that conversations are filed under when a request names none. */
  name: string;
  role: Role;
  /** The right to read content, for viewers. */
  content: boolean;
  /** Milliseconds since the epoch; null: never. */
  expiresAt: number | null;
}

/** A token as it is stored: its secret only as a keyed hash. */
export interface TokenRecord extends TokenDraft {
  hash: string;
  createdAt: number;
  createdBy: string;
  rotatedAt?: number;
  lastUsedAt?: number;
}

/** A token as admins see it. */
export interface TokenView extends Omit<TokenRecord, "hash"> {
  id: string;
}

/** Adds to the commit that makes a change, such as its line in the audit log. */
export type Alongside = (tx: WriteSet, id: string) => void;

/** API tokens: `pat_…` with 256 bits, shown once and then known by a keyed hash alone. */
export class Tokens {
  private constructor(
    readonly db: Database,
    readonly clock: Clock,
    private readonly key: Uint8Array,
    private readonly ended: (id: string) => void = () => {},
  ) {}

  /** Makes the key of the hashes on first use of a database. */
  static async open(db: Database, clock: Clock): Promise<Tokens> {
    const { value } = await db.kv.get<Uint8Array>(KEY);
    if (value) return new Tokens(db, clock, value);
    const made = crypto.getRandomValues(new Uint8Array(32));
    await db.commit(new WriteSet().check(KEY, null).set(KEY, made));
    return await Tokens.open(db, clock);
  }

  /** The same tokens; `ended` is called with the principal's id whenever a secret ends. */
  telling(ended: (id: string) => void): Tokens {
    return new Tokens(this.db, this.clock, this.key, ended);
  }

  /** Makes a token; `secret` is never to be had again. */
  async create(
    draft: TokenDraft,
    by: string,
    also?: Alongside,
  ): Promise<{ secret: string; token: TokenView }> {
    const id = crypto.randomUUID();
    const secret = newSecret(TOKEN_PREFIX);
    const record: TokenRecord = {
      ...draft,
      hash: this.#hash(secret),
      createdAt: this.clock.now(),
      createdBy: by,
    };
    const tx = new WriteSet().set(recordKey(id), record).set(hashKey(record.hash), id);
    also?.(tx, id);
    await this.db.commit(tx);
    return { secret, token: viewOf(id, record) };
  }

  /** A page of tokens by id; `cursor` is the id of the last one seen. */
  async list(limit: number, cursor?: string): Promise<{ tokens: TokenView[]; next?: string }> {
    const start = cursor === undefined ? undefined : [...RECORDS, cursor, 0];
    const range = start ? { prefix: RECORDS, start } : { prefix: RECORDS };
    const tokens: TokenView[] = [];
    for await (const { key, value } of this.db.kv.list<TokenRecord>(range, { limit: limit + 1 })) {
      tokens.push(viewOf(String(key.at(-1)), value));
    }
    if (tokens.length <= limit) return { tokens };
    tokens.pop();
    return { tokens, next: tokens.at(-1)!.id };
  }

  /** Gives a token a new secret; the old one ends. Throws AppError `not_found`. */
  async rotate(id: string, also?: Alongside): Promise<{ secret: string; token: TokenView }> {
    const secret = newSecret(TOKEN_PREFIX);
    const hash = this.#hash(secret);
    const record = await this.#change(id, (tx, before) => {
      const next = { ...before, hash, rotatedAt: this.clock.now() };
      tx.delete(hashKey(before.hash)).set(recordKey(id), next).set(hashKey(hash), id);
      also?.(tx, id);
      return next;
    });
    return { secret, token: viewOf(id, record) };
  }

  /** Ends a token: at once in this process, within half a second in others. `not_found`. */
  async revoke(id: string, also?: Alongside): Promise<void> {
    await this.#change(id, (tx, before) => {
      tx.delete(recordKey(id)).delete(hashKey(before.hash));
      also?.(tx, id);
      return before;
    });
  }

  /** Who a secret belongs to, or null; notes the use. */
  async find(secret: string): Promise<Principal | null> {
    if (!/^pat_[\w-]{43}$/.test(secret)) return null;
    const hash = this.#hash(secret);
    const { value: id } = await this.db.kv.get<string>(hashKey(hash));
    if (id === null) return null;
    const { key, value, versionstamp } = await this.db.kv.get<TokenRecord>(recordKey(id));
    const now = this.clock.now();
    if (!value || value.hash !== hash || hasEnded(value, now)) return null;
    if (now - (value.lastUsedAt ?? 0) >= TOUCH_MS) {
      // Checked, so that a token that is revoked at this moment does not come back.
      const touch = new WriteSet().check(key, versionstamp).set(key, { ...value, lastUsedAt: now });
      this.db.commit(touch).catch(() => {}); // when it was used is not worth a refusal
    }
    return principalOf(id, value);
  }

  /** Whether a principal's token is still the one that it came in with. */
  async holds({ id, fingerprint }: Principal): Promise<boolean> {
    const { value } = await this.db.kv.get<TokenRecord>(recordKey(id.slice(PREFIX.length)));
    return value !== null && !hasEnded(value, this.clock.now()) &&
      fingerprint === fingerprintOf(value);
  }

  async #change(
    id: string,
    build: (tx: WriteSet, before: TokenRecord) => TokenRecord,
  ): Promise<TokenRecord> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const entry = await this.db.kv.get<TokenRecord>(recordKey(id));
      if (!entry.value) break;
      const tx = new WriteSet().check(entry.key, entry.versionstamp);
      const record = build(tx, entry.value);
      if (!await this.db.commit(tx)) continue;
      this.ended(PREFIX + id);
      return record;
    }
    throw notFound("There is no such token.");
  }

  #hash(secret: string): string {
    return createHmac("sha256", this.key).update(secret).digest("hex");
  }
}

const PREFIX = "token:";
const KEY: Deno.KvKey = ["auth", "key"];
const RECORDS: Deno.KvKey = ["auth", "token"];
const recordKey = (id: string): Deno.KvKey => [...RECORDS, id];
const hashKey = (hash: string): Deno.KvKey => ["auth", "token-hash", hash];

const hasEnded = ({ expiresAt }: TokenRecord, now: number): boolean =>
  expiresAt !== null && expiresAt <= now;

const fingerprintOf = ({ hash }: TokenRecord): string => hash.slice(0, 16);

function principalOf(id: string, record: TokenRecord): Principal {
  return {
    id: PREFIX + id,
    subject: record.name,
    role: record.role,
    content: mayReadContent(record.role, record.content),
    source: "token",
    fingerprint: fingerprintOf(record),
    expiresAt: record.expiresAt,
  };
}

function viewOf(id: string, { hash: _hash, ...rest }: TokenRecord): TokenView {
  return { id, ...rest };
}
