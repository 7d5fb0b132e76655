import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createGunzip, createGzip } from "node:zlib";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "../errors.ts";
import { lockDataDir } from "../kv/data_lock.ts";
import { entryLine, entryOf } from "../kv/portable.ts";
import { SCHEMA_VERSION } from "../kv/migrations.ts";
import { Backups, unpackChecked } from "./backup.ts";
import { ifThere, removeDatabase } from "./backup_file.ts";

const FORMAT = "pixel-performance/everything";
/** Beside the database: who was erased must stay so wherever the data goes. */
const COMPANIONS = ["erasure-key", "erased"];
const BATCH = 200;
const BATCH_CHARACTERS = 500_000;
const FILE = "pixel.sqlite";

/** The first line of an export. */
interface Head {
  format: typeof FORMAT;
  schema: number;
  exported_at: string;
  files: Record<string, string>;
}

/** Where the data lies. */
export interface Place {
  dataDir: string;
  /** A shared database instead of the file in `dataDir`. */
  kvUrl?: string;
}

/**
 * Writes everything (tasks that wait, conversations, reports, tokens, settings) to `target` as
 * gzipped lines, and gives the number of entries. A file is read from a consistent copy, so that
 * the service may go on; a shared database must be at rest.
 */
export async function exportAll(
  place: Place,
  target: string,
  options: { signal?: AbortSignal; progress?: (entries: number) => void } = {},
): Promise<number> {
  const aside = await Deno.makeTempDir({ prefix: "pixel-export-" });
  try {
    using kv = await Deno.openKv(place.kvUrl ?? await copyOf(place.dataDir, aside, options.signal));
    const schema = (await kv.get<number>(["meta", "schema"])).value;
    if (schema === null) throw new AppError("not_found", "there is no database to export");
    const head: Head = {
      format: FORMAT,
      schema,
      exported_at: new Date().toISOString(),
      files: await companions(place.dataDir),
    };
    let entries = 0;
    const lines = async function* () {
      yield JSON.stringify(head) + "\n";
      for await (const entry of kv.list({ prefix: [] }, { batchSize: 500 })) {
        options.signal?.throwIfAborted();
        yield entryLine(entry) + "\n";
        if (++entries % 1_000 === 0) options.progress?.(entries);
      }
      yield JSON.stringify({ entries }) + "\n";
    };
    const partial = `${target}.partial`;
    try {
      // Where the target fails, the reading ends with it, before the database is closed.
      const output = createWriteStream(partial, { mode: 0o600 });
      await pipeline(Readable.from(lines()), createGzip(), output);
      await Deno.rename(partial, target);
    } finally {
      await Deno.remove(partial).catch(() => {});
    }
    return entries;
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

/**
 * Puts an export where there is no data yet, and gives the number of entries. Nothing is there
 * until all of it is, where the database is a file. Throws AppError `conflict` when there is data,
 * when a service runs on it, or when a newer release has written the export.
 */
export async function importAll(
  place: Place,
  source: string,
  options: { signal?: AbortSignal; progress?: (entries: number) => void } = {},
): Promise<number> {
  if (place.kvUrl) {
    using kv = await Deno.openKv(place.kvUrl);
    const { entries } = await fill(kv, source, options);
    return entries;
  }
  await using _lock = await lockDataDir(place.dataDir);
  const file = join(place.dataDir, FILE);
  if (await Deno.stat(file).catch(() => null)) {
    throw new AppError("conflict", `${file} exists: import everything into an empty DATA_DIR`);
  }
  const incoming = `${file}.importing`;
  await removeDatabase(incoming);
  try {
    const kv = await Deno.openKv(incoming);
    let filled;
    try {
      filled = await fill(kv, source, options);
    } finally {
      kv.close();
    }
    for (const name of COMPANIONS) {
      const text = filled.head.files[name];
      if (text) await Deno.writeTextFile(join(place.dataDir, name), text, { mode: 0o600 });
    }
    // What SQLite still keeps beside the file belongs to it under its new name too.
    for (const suffix of ["-wal", "-shm"]) {
      await ifThere(Deno.rename(incoming + suffix, file + suffix));
    }
    await Deno.rename(incoming, file);
    return filled.entries;
  } finally {
    await removeDatabase(incoming);
  }
}

async function fill(
  kv: Deno.Kv,
  source: string,
  { signal, progress }: { signal?: AbortSignal; progress?: (entries: number) => void },
): Promise<{ head: Head; entries: number }> {
  for await (const _ of kv.list({ prefix: [] }, { limit: 1 })) {
    throw new AppError("conflict", "the database holds data: import everything into an empty one");
  }
  let head: Head | undefined;
  let entries = 0;
  let expected: number | undefined;
  let batch = kv.atomic();
  let size = 0, characters = 0;
  const flush = async () => {
    if (size > 0) await batch.commit();
    batch = kv.atomic();
    size = characters = 0;
  };
  for await (const line of linesOf(source)) {
    signal?.throwIfAborted();
    if (!head) {
      head = headOf(line);
      continue;
    }
    if (line.startsWith('{"entries":')) {
      expected = (JSON.parse(line) as { entries: number }).entries;
      continue;
    }
    if (size >= BATCH || characters + line.length > BATCH_CHARACTERS) await flush();
    const { key, value } = entryOf(line);
    batch.set(key, value);
    size++;
    characters += line.length;
    if (++entries % 1_000 === 0) progress?.(entries);
  }
  await flush();
  if (!head || expected !== entries) {
    throw new AppError("invalid", `${source} ends before its end: ${entries} entries are there`);
  }
  return { head, entries };
}

function headOf(line: string): Head {
  let head: Partial<Head> = {};
  try {
    head = JSON.parse(line);
  } catch {
    // Said below.
  }
  if (head.format !== FORMAT || typeof head.schema !== "number") {
    throw new AppError("invalid", "this is no export of everything; see `pixel export --all`");
  }
  if (head.schema > SCHEMA_VERSION) {
    throw new AppError(
      "conflict",
      `the export has schema ${head.schema}, this release knows ${SCHEMA_VERSION}: use the newer one`,
    );
  }
  return head as Head;
}

async function* linesOf(source: string): AsyncGenerator<string> {
  const file = await Deno.open(source);
  const packed = Readable.fromWeb(file.readable as Parameters<typeof Readable.fromWeb>[0]);
  const plain = createGunzip();
  packed.on("error", (error) => plain.destroy(error));
  let rest = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of packed.pipe(plain)) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid", `${source} cannot be unpacked`, { cause: error });
  } finally {
    packed.destroy();
  }
  if (rest !== "") yield rest;
}

/** A consistent copy of the live file, checked. */
async function copyOf(dataDir: string, aside: string, signal?: AbortSignal): Promise<string> {
  const file = join(dataDir, FILE);
  await Deno.stat(file).catch(() => {
    throw new AppError("not_found", `there is no database at ${file}`);
  });
  const { path } = await new Backups(aside, file).create(signal);
  const copy = join(aside, FILE);
  const { ok, problem } = await unpackChecked(path, copy, signal);
  if (!ok) throw new AppError("unavailable", `the database is not good: ${problem}`);
  return copy;
}

async function companions(dataDir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of COMPANIONS) {
    const text = await Deno.readTextFile(join(dataDir, name)).catch(() => null);
    if (text !== null) found[name] = text;
  }
  return found;
}
