/** Copies of the KV file. SQLite's calls block their thread, so these run in backup_worker.ts. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";

/** What stands beside a backup, and what checking it must find again. */
export interface BackupManifest {
  createdAt: string;
  /** KV entries. */
  entries: number;
  /** Messages that wait in KV queues. */
  messages: number;
  bytes: number;
  compressedBytes: number;
  /** Of the compressed file, in hexadecimal. */
  sha256: string;
}

export type Contents = Pick<BackupManifest, "entries" | "messages">;

const ZSTD_LEVEL = 3;

/**
 * A consistent copy of the live KV file `source`, compressed to `target`. The copy is made inside one
 * read transaction: writers go on, and what they write does not get into it.
 */
export async function writeBackup(
  source: string,
  target: string,
  createdAt: string,
): Promise<BackupManifest> {
  const copy = `${target}.copy`;
  try {
    await removeDatabase(copy);
    const expected = await copyDatabase(source, copy);
    const found = checkDatabase(copy);
    if (found.entries !== expected.entries || found.messages !== expected.messages) {
      throw new Error(`the copy has ${found.entries} entries, the source ${expected.entries}`);
    }
    const bytes = (await Deno.stat(copy)).size;
    const packed = await pack(copy, target);
    return { createdAt, ...found, bytes, ...packed };
  } finally {
    await removeDatabase(copy);
  }
}

async function copyDatabase(source: string, copy: string): Promise<Contents> {
  const database = new DatabaseSync(source, { readOnly: true });
  try {
    database.exec("begin"); // pins the snapshot that is counted and copied
    const contents = count(database);
    await backup(database, copy, { rate: -1 }); // in one step, which no writer can make start again
    database.exec("commit");
    return contents;
  } finally {
    database.close();
  }
}

/** Unpacks a backup to `target`; throws when it is damaged or is not what its manifest says. */
export async function unpackBackup(
  backupFile: string,
  target: string,
  manifest: BackupManifest | null,
): Promise<Contents> {
  await removeDatabase(target);
  const sha256 = await unpack(backupFile, target);
  if (manifest && sha256 !== manifest.sha256) {
    throw new Error("the checksum differs from the manifest's");
  }
  const contents = checkDatabase(target);
  if (manifest && contents.entries !== manifest.entries) {
    throw new Error(`it has ${contents.entries} entries, its manifest says ${manifest.entries}`);
  }
  return contents;
}

/** Counts what a KV file holds, after SQLite's own check of every page of it. */
export function checkDatabase(path: string): Contents {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("pragma integrity_check").all() as { integrity_check: string }[];
    const wrong = rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
    if (wrong.length > 0) throw new Error(`integrity check: ${wrong.slice(0, 3).join("; ")}`);
    return count(database);
  } finally {
    database.close();
  }
}

/** How large a KV file is, and how much of it is free pages that later writes use again. */
export interface DatabaseSize {
  /** With the log beside it. */
  bytes: number;
  reclaimableBytes: number;
}

/** Reads the sizes of a live KV file. */
export function measureDatabase(path: string): DatabaseSize {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const pragma = (name: string) =>
      Number(Object.values(database.prepare(`pragma ${name}`).get()!)[0]);
    const wal = (() => {
      try {
        return Deno.statSync(`${path}-wal`).size;
      } catch {
        return 0; // SQLite removes it when the last handle closes
      }
    })();
    const page = pragma("page_size");
    return {
      bytes: page * pragma("page_count") + wal,
      reclaimableBytes: page * pragma("freelist_count"),
    };
  } finally {
    database.close();
  }
}

function count(database: DatabaseSync): Contents {
  const of = (table: string) =>
    Number(database.prepare(`select count(*) as n from ${table}`).get()!.n);
  return { entries: of("kv"), messages: of("queue") + of("queue_running") };
}

async function pack(
  source: string,
  target: string,
): Promise<{ compressedBytes: number; sha256: string }> {
  const digest = new Digest();
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  await pipeline(
    createReadStream(source),
    zstd,
    digest,
    createWriteStream(target, { mode: 0o600 }),
  );
  using file = await Deno.open(target, { read: true, write: true });
  await file.sync();
  return { compressedBytes: digest.bytes, sha256: digest.hex() };
}

/** Gives the checksum of the packed file. */
async function unpack(source: string, target: string): Promise<string> {
  const digest = new Digest();
  const output = createWriteStream(target, { mode: 0o600 });
  await pipeline(createReadStream(source), digest, createZstdDecompress(), output);
  using file = await Deno.open(target, { read: true, write: true });
  await file.sync();
  return digest.hex();
}

/** Removes a database file and what SQLite keeps beside it. */
export async function removeDatabase(path: string): Promise<void> {
  await ifThere(Deno.remove(path));
  await removeLogs(path);
}

/** Removes what SQLite keeps beside a database file; it would apply that to the file's successor. */
export async function removeLogs(path: string): Promise<void> {
  for (const suffix of ["-wal", "-shm", "-journal"]) await ifThere(Deno.remove(path + suffix));
}

/** Ends as a change of a file does; that the file is not there is no failure. */
export async function ifThere(change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Passes bytes on and keeps their number and checksum. */
class Digest extends Transform {
  bytes = 0;
  readonly #hash = createHash("sha256");

  override _transform(chunk: Uint8Array, _: string, done: (e: null, chunk: Uint8Array) => void) {
    this.bytes += chunk.byteLength;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  hex(): string {
    return this.#hash.digest("hex");
  }
}
