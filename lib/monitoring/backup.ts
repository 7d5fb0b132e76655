import { basename, join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { AppError, messageOf, notFound } from "../errors.ts";
import { InLine } from "../in_line.ts";
import { type BackupManifest, type DatabaseSize, removeDatabase } from "./backup_file.ts";
import { backupName, instantOf, manifestOf } from "./backup_name.ts";
import { type BackupPolicy, DEFAULT_POLICY, expiredBackups } from "./backup_policy.ts";
import { measureInThread, unpackInThread, writeInThread } from "./backup_thread.ts";

/** A backup in the folder; the manifest is null where it was lost. */
export interface Backup {
  /** Name of the file in the folder. */
  name: string;
  path: string;
  at: number;
  compressedBytes: number;
  manifest: BackupManifest | null;
}

export interface BackupCheck {
  ok: boolean;
  /** What is wrong with it. */
  problem: string | null;
  /** KV entries that were found; null when it could not be opened. */
  entries: number | null;
}

const DAY_MS = 86_400_000;
/** Growth over less than this says nothing. */
const MIN_GROWTH_DAYS = 0.5;
const LEFTOVER_MS = 6 * 3_600_000;
/** So far the names of backups within one second may run ahead of the clock. */
const JUST_MADE_MS = 60_000;

/** The compressed copies of one KV file in a folder (DATA_DIR/backups). */
export class Backups {
  readonly #making = new InLine();

  constructor(
    readonly folder: string,
    readonly kvFile: string,
    readonly policy: BackupPolicy = DEFAULT_POLICY,
    readonly clock: Clock = systemClock,
  ) {}

  /**
   * Makes a checked backup of the live file, then deletes those that the policy does not keep.
   * `beforeSchema` marks it as the way back from the migration to that version. One is made after the
   * other, however many are asked for at once.
   */
  create(signal?: AbortSignal, beforeSchema?: number): Promise<Backup> {
    return this.#making.run(this.folder, () => this.#create(signal, beforeSchema));
  }

  async #create(signal?: AbortSignal, beforeSchema?: number): Promise<Backup> {
    signal?.throwIfAborted();
    await Deno.mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.#removeLeftovers();
    const at = await this.#freeInstant();
    const createdAt = new Date(at).toISOString();
    const name = backupName(at, beforeSchema);
    const path = join(this.folder, name);
    const partial = `${path}.partial`;
    try {
      const manifest = await writeInThread(
        { source: this.kvFile, target: partial, createdAt },
        signal,
      );
      await Deno.writeTextFile(manifestOf(path), JSON.stringify(manifest, null, 2) + "\n");
      await Deno.rename(partial, path);
      await this.prune();
      return { name, path, at, compressedBytes: manifest.compressedBytes, manifest };
    } finally {
      await removeDatabase(partial);
      await removeDatabase(`${partial}.copy`);
    }
  }

  /** Names tell seconds, and the newest of a day is kept: so it comes after those just made. */
  async #freeInstant(): Promise<number> {
    const now = Math.floor(this.clock.now() / 1_000) * 1_000;
    const instants = (await namesIn(this.folder)).map(instantOf).filter((at) => at !== null);
    const justMade = instants.filter((at) => at >= now && at < now + JUST_MADE_MS);
    return Math.max(now, ...justMade.map((at) => at + 1_000));
  }

  /** All backups, newest first. */
  async list(): Promise<Backup[]> {
    const found: Backup[] = [];
    for (const name of await namesIn(this.folder)) {
      const at = instantOf(name);
      if (at === null) continue;
      const path = join(this.folder, name);
      found.push({
        name,
        path,
        at,
        compressedBytes: (await Deno.stat(path)).size,
        manifest: await readManifest(path),
      });
    }
    return found.toSorted((a, b) => b.at - a.at);
  }

  /** The size of the live file, and by how many bytes a day it grew since the oldest backup. */
  async databaseSize(): Promise<DatabaseSize & { growthBytesPerDay: number | null }> {
    const [size, all] = await Promise.all([measureInThread(this.kvFile), this.list()]);
    const oldest = all.findLast((backup) => backup.manifest !== null);
    const days = oldest ? (this.clock.now() - oldest.at) / DAY_MS : 0;
    const growth = days >= MIN_GROWTH_DAYS ? (size.bytes - oldest!.manifest!.bytes) / days : null;
    return { ...size, growthBytesPerDay: growth === null ? null : Math.round(growth) };
  }

  /** When the newest backup was made; null when there is none. */
  async newestAt(): Promise<number | null> {
    const instants = (await namesIn(this.folder)).map(instantOf).filter((at) => at !== null);
    return instants.length > 0 ? Math.max(...instants) : null;
  }

  /** Deletes what the policy does not keep; gives the names. */
  async prune(): Promise<string[]> {
    const gone = expiredBackups(await this.list(), this.policy, this.clock.now());
    for (const { path } of gone) {
      await Deno.remove(path);
      await Deno.remove(manifestOf(path)).catch(() => {}); // it may have been lost before
    }
    return gone.map((backup) => backup.name);
  }

  /** Unpacks a backup aside and checks all of it; the live file is not touched. */
  async verify(name: string): Promise<BackupCheck> {
    const target = join(this.folder, `.check-${crypto.randomUUID()}.partial`);
    try {
      return await unpackChecked(join(this.folder, basename(name)), target);
    } finally {
      await removeDatabase(target);
    }
  }

  /** Removes what a killed process left half written, long enough ago to be nobody's work. */
  async #removeLeftovers(): Promise<void> {
    const names = await namesIn(this.folder);
    for (const name of names) {
      const orphan = name.endsWith(".zst.json") && !names.includes(name.slice(0, -5));
      if (!orphan && !/\.partial(\.copy)?(-wal|-shm|-journal)?$/.test(name)) continue;
      const path = join(this.folder, name);
      const modified = (await Deno.stat(path).catch(() => null))?.mtime?.getTime() ?? Infinity;
      if (Date.now() - modified > LEFTOVER_MS) await Deno.remove(path).catch(() => {}); // gone already
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Unpacks the backup at `path` to `target` and says what is wrong with it. */
export async function unpackChecked(
  path: string,
  target: string,
  signal?: AbortSignal,
): Promise<BackupCheck> {
  await Deno.stat(path).catch(() => {
    throw notFound(`there is no backup ${path}`);
  });
  const manifest = await readManifest(path);
  try {
    const { entries } = await unpackInThread({ backupFile: path, target, manifest }, signal);
    return { ok: true, problem: null, entries };
  } catch (error) {
    signal?.throwIfAborted();
    return { ok: false, problem: messageOf(error), entries: null };
  }
}

async function readManifest(path: string): Promise<BackupManifest | null> {
  try {
    return JSON.parse(await Deno.readTextFile(manifestOf(path))) as BackupManifest;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw new AppError("unavailable", `the manifest of ${path} cannot be read`, { cause: error });
  }
}
