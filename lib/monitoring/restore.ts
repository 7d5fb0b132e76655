import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "../clock.ts";
import { AppError, messageOf } from "../errors.ts";
import { lockDataDir } from "../kv/data_lock.ts";
import { unpackChecked } from "./backup.ts";
import { checkDatabase, ifThere, removeDatabase, removeLogs } from "./backup_file.ts";

export interface RestoreRequest {
  dataDir: string;
  /** The KV file in it. */
  kvFile: string;
  /** Path of the backup, or what brings it there once the folder is locked. */
  backup: string | (() => Promise<string>);
  /** Checks everything and changes nothing. */
  dryRun?: boolean;
  clock?: Clock;
}

export interface RestoreResult {
  /** Path of the backup. */
  backup: string;
  /** KV entries in the backup. */
  entries: number;
  /** What it replaces: null when there was no KV file. */
  replaced: {
    bytes: number;
    modifiedAt: string | null;
    /** Null when it cannot be read, which may be why it is replaced. */
    entries: number | null;
    /** Where it was moved to; null on a dry run. */
    keptAs: string | null;
  } | null;
}

/**
 * Puts a backup in the place of the KV file, which is kept beside it. Only while no process uses
 * DATA_DIR (AppError `conflict` otherwise): under a running service the copy would start delayed jobs
 * a second time. The file in use is never missing or half written, whenever this is killed.
 */
export async function restore(request: RestoreRequest): Promise<RestoreResult> {
  await using _lock = await lockDataDir(request.dataDir);
  const { kvFile, dryRun = false, clock = systemClock } = request;
  const backup = typeof request.backup === "string" ? request.backup : await request.backup();
  const incoming = `${kvFile}.restoring`;
  try {
    const check = await unpackChecked(backup, incoming);
    if (check.entries === null) {
      throw new AppError("conflict", `${basename(backup)} cannot be restored: ${check.problem}`);
    }
    const replaced = await describe(kvFile);
    if (dryRun) return { backup, entries: check.entries, replaced };
    if (replaced) replaced.keptAs = await keepAside(kvFile, clock);
    await removeLogs(incoming);
    await Deno.rename(incoming, kvFile);
    return { backup, entries: check.entries, replaced };
  } finally {
    await removeDatabase(incoming);
  }
}

async function describe(kvFile: string): Promise<RestoreResult["replaced"]> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(kvFile);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new AppError("unavailable", `${kvFile} cannot be read: ${messageOf(error)}`);
  }
  let entries: number | null = null;
  try {
    entries = checkDatabase(kvFile).entries;
  } catch {
    // A damaged file is a reason to restore, not to stop.
  }
  return {
    bytes: stat.size,
    modifiedAt: stat.mtime?.toISOString() ?? null,
    entries,
    keptAs: null,
  };
}

/** Gives the KV file a second name, with all its commits inside it, and leaves no log beside it. */
async function keepAside(kvFile: string, clock: Clock): Promise<string> {
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(":", "-");
  const aside = await freeName(`${kvFile}.before-${stamp}Z`);
  try {
    const database = new DatabaseSync(kvFile);
    try {
      database.exec("pragma wal_checkpoint(truncate)");
    } finally {
      database.close();
    }
  } catch {
    // Too damaged to be opened: its log is kept beside it as it is.
    await ifThere(Deno.rename(`${kvFile}-wal`, `${aside}-wal`));
  }
  await removeLogs(kvFile);
  await Deno.link(kvFile, aside);
  return aside;
}

/** Two restores may end within one second, and neither may take the other's copy. */
async function freeName(path: string): Promise<string> {
  for (let number = 2, name = path;; name = `${path}-${number++}`) {
    const taken = await Deno.lstat(name).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (taken === null) return name;
  }
}
