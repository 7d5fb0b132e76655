import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";

/** Who was erased, as keyed hashes, so that no restore takes them back. */
export abstract class ErasureLog {
  readonly #hashes: Set<string>;

  protected constructor(readonly key: Uint8Array, hashes: Iterable<string>) {
    this.#hashes = new Set(hashes);
  }

  /** The hash under which a user id is remembered. */
  hash(userId: string): string {
    return createHmac("sha256", this.key).update(userId).digest("hex");
  }

  /** Remembers a hash; durable when it resolves. */
  async add(hash: string): Promise<void> {
    if (this.#hashes.has(hash)) return;
    await this.write(hash);
    this.#hashes.add(hash);
  }

  list(): string[] {
    return [...this.#hashes];
  }

  protected abstract write(hash: string): Promise<void>;
}

const HASH = /^[0-9a-f]{64}$/;
const newKey = (): string => crypto.getRandomValues(new Uint8Array(32)).toHex();

/** The log in files beside the database: a backup that is restored does not bring an older one. */
export class FileErasureLog extends ErasureLog {
  private constructor(readonly path: string, key: Uint8Array, hashes: Iterable<string>) {
    super(key, hashes);
  }

  /** Opens the log of a folder; makes its key on first use. */
  static async open(folder: string): Promise<FileErasureLog> {
    await Deno.mkdir(folder, { recursive: true });
    const keyPath = join(folder, "erasure-key");
    let key = await read(keyPath);
    if (!key) {
      key = newKey();
      await Deno.writeTextFile(keyPath, key, { mode: 0o600, createNew: true });
    }
    const path = join(folder, "erased");
    const lines = (await read(path) ?? "").split("\n").filter((line) => HASH.test(line));
    return new FileErasureLog(path, Uint8Array.fromHex(key.trim()), lines);
  }

  protected async write(hash: string): Promise<void> {
    using file = await Deno.open(this.path, { append: true, create: true, mode: 0o600 });
    await file.write(new TextEncoder().encode(hash + "\n"));
    await file.syncData();
  }
}

const KEY: Deno.KvKey = ["meta", "erasure-key"];
const hashKey = (hash: string): Deno.KvKey => ["conv", "erasure", hash];

/** The log in the database itself, where there are no files: whoever restores it restores this too. */
export class KvErasureLog extends ErasureLog {
  private constructor(readonly db: Database, key: Uint8Array, hashes: Iterable<string>) {
    super(key, hashes);
  }

  /** Opens the log of a database; makes its key on first use. */
  static async open(db: Database): Promise<KvErasureLog> {
    await db.commit(new WriteSet().check(KEY, null).set(KEY, newKey()));
    const { value: key } = await db.kv.get<string>(KEY); // another process may have been first
    const entries = db.kv.list({ prefix: hashKey("").slice(0, -1) });
    const hashes = await Array.fromAsync(entries, (entry) => String(entry.key.at(-1)));
    return new KvErasureLog(db, Uint8Array.fromHex(key!), hashes);
  }

  protected async write(hash: string): Promise<void> {
    await this.db.commit(new WriteSet().set(hashKey(hash), 1));
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
