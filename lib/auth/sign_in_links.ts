import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Principal } from "./principal.ts";
import { newSecret, secretHash } from "./secret.ts";

interface LinkRecord {
  principal: Principal;
  until: number;
}

/** Codes that sign in once, for links that the service itself hands out. */
export class SignInLinks {
  constructor(readonly db: Database, readonly clock: Clock) {}

  /** A code that signs in as `principal`, once and within `livesMs`. */
  async create(principal: Principal, livesMs: number): Promise<string> {
    const code = newSecret();
    const record: LinkRecord = { principal, until: this.clock.now() + livesMs };
    await this.db.commit(new WriteSet().set(keyOf(code), record));
    return code;
  }

  /** Uses a code up; null when it was used, is too old or never was. */
  async redeem(code: string): Promise<Principal | null> {
    if (!/^[\w-]{43}$/.test(code)) return null;
    const entry = await this.db.kv.get<LinkRecord>(keyOf(code));
    if (!entry.value) return null;
    const used = await this.db.commit(
      new WriteSet().check(entry.key, entry.versionstamp).delete(entry.key),
    );
    return used && entry.value.until > this.clock.now() ? entry.value.principal : null;
  }

  /** Deletes up to `limit` codes that are too old; returns how many. */
  async sweep(limit = 500): Promise<number> {
    const now = this.clock.now();
    const write = new WriteSet();
    for await (const entry of this.db.kv.list<LinkRecord>({ prefix: PREFIX })) {
      if (entry.value.until <= now) write.delete(entry.key);
      if (write.mutations.length >= limit) break;
    }
    if (!write.empty) await this.db.commit(write);
    return write.mutations.length;
  }
}

const PREFIX: Deno.KvKey = ["auth", "link"];
const keyOf = (code: string): Deno.KvKey => [...PREFIX, secretHash(code)];
