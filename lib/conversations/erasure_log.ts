import { createHmac } from "node:crypto";
import { join } from "node:path";

/** Who was erased, as keyed hashes, in files beside the database: no restore takes them back. */
export class ErasureLog {
  readonly #hashes: Set<string>;

  private constructor(
    readonly path: string,
    readonly key: Uint8Array,
    hashes: Iterable<string>,
  ) {
    this.#hashes = new Set(hashes);
  }

  /** Opens the log of a folder; makes its key on first use. */
  static async open(folder: string): Promise<ErasureLog> {
    await Deno.mkdir(folder, { recursive: true });
    const keyPath = join(folder, "erasure-key");
    let key = await read(keyPath);
    if (!key) {
      key = crypto.getRandomValues(new Uint8Array(32)).toHex();
      await Deno.writeTextFile(keyPath, key, { mode: 0o600, createNew: true });
    }
    const path = join(folder, "erased");
    const lines = (await read(path) ?? "").split("\n").filter((line) =>
      /^[0-9a-f]{64}$/.test(line)
    );
    return new ErasureLog(path, Uint8Array.fromHex(key.trim()), lines);
  }

  /** The hash under which a user id is remembered. */
  hash(userId: string): string {
    return createHmac("sha256", this.key).update(userId).digest("hex");
  }

  has(hash: string): boolean {
    return this.#hashes.has(hash);
  }

  /** Remembers a hash; durable when it resolves. */
  async add(hash: string): Promise<void> {
    if (this.#hashes.has(hash)) return;
    using file = await Deno.open(this.path, { append: true, create: true, mode: 0o600 });
    await file.write(new TextEncoder().encode(hash + "\n"));
    await file.syncData();
    this.#hashes.add(hash);
  }

  list(): string[] {
    return [...this.#hashes];
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
