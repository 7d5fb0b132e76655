import { join, resolve } from "node:path";
import { ModelFiles, type ModelStore } from "./ai/embedded/model_files.ts";
import { ModelRecords } from "./ai/embedded/model_records.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import { type ErasureLog, FileErasureLog, KvErasureLog } from "./conversations/erasure_log.ts";
import { AppError, messageOf } from "./errors.ts";
import { lockDataDir } from "./kv/data_lock.ts";
import { Database } from "./kv/database.ts";
import { isAddress } from "./kv/open_kv.ts";
import { openSchema } from "./kv/schema.ts";
import type { Logger } from "./log.ts";
import { Backups } from "./monitoring/backup.ts";
import { policyOf } from "./monitoring/backup_policy.ts";
import { FreedPages } from "./monitoring/freed_pages.ts";
import { type OffsiteBackups, openOffsite } from "./monitoring/offsite_backups.ts";

/** Where everything that lasts lies, as far as the platform has a place for it. */
export interface Storage extends AsyncDisposable {
  db: Database;
  /** Null where the database is no file of ours. */
  backups: Backups | null;
  /** Where copies of the backups go; null where no bucket is configured. */
  offsite: OffsiteBackups | null;
  /** Null where the database is no file of ours. */
  freedPages: FreedPages | null;
  models: ModelStore;
  erasures: ErasureLog;
  /** Size of the database's file, where it is one. */
  databaseBytes?: () => Promise<number>;
}

/** Checks that one atomic may carry on a remote database. */
const REMOTE_CHECKS = 10;

/** SQLite's write-ahead log and its index, beside the file; both are made with the file's mode. */
const COMPANIONS = ["", "-wal", "-shm"];

/**
 * Nobody else of the machine may read what people wrote, also where DATA_DIR is open to all. Where
 * the file is another user's (a volume shared by group) or the disk knows no modes, they stay.
 */
async function keepToOwner(file: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const made = { create: true, write: true, mode: 0o600 };
  await Deno.open(file, made).then((opened) => opened.close(), () => {});
  for (const companion of COMPANIONS) await Deno.chmod(file + companion, 0o600).catch(() => {});
}

/**
 * Opens what lasts: in DATA_DIR, which is locked; with KV_URL the database elsewhere; on Deno Deploy
 * all of it in the platform's database. Throws AppError `conflict` when another process uses the
 * same DATA_DIR.
 */
export async function openStorage(
  config: Config,
  { log, clock }: { log: Logger; clock: Clock },
): Promise<Storage> {
  await using stack = new AsyncDisposableStack();
  const { dataDir, kvUrl, platform } = config;
  const file = !kvUrl && platform.files ? join(dataDir, "pixel.sqlite") : undefined;
  // A shared database has its own leases; a file must have one process.
  if (file) {
    stack.use(await lockDataDir(dataDir));
    await keepToOwner(file);
  }
  const freedPages = file ? new FreedPages(file, log) : null;
  await freedPages?.atStart();
  const db = stack.use(
    await Database.open({
      path: kvUrl ?? file,
      ...(file ? {} : { shared: true, maxChecks: REMOTE_CHECKS }),
    }).catch((error) => {
      throw new AppError("unavailable", unusable(kvUrl ?? file, messageOf(error)));
    }),
  );
  const backups = file ? backupsOf(config, file, clock) : null;
  await openSchema(db, {
    log,
    backup: backups ? (schema) => checkedBackup(backups, schema) : undefined,
  });
  const models = platform.files ? new ModelFiles(join(dataDir, "models")) : new ModelRecords(db);
  const erasures = platform.files
    ? await FileErasureLog.open(dataDir)
    : await KvErasureLog.open(db);
  const rest = stack.move();
  return {
    db,
    backups,
    offsite: backups && openOffsite(config, clock),
    freedPages,
    models,
    erasures,
    databaseBytes: file ? async () => (await Deno.stat(file)).size : undefined,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Why the database cannot be opened, and where a damaged one can be had from. */
function unusable(place: string | undefined, reason: string): string {
  if (place === undefined) return `the platform's database cannot be used: ${reason}`;
  if (isAddress(place)) return `KV_URL ${place} cannot be used: ${reason}`;
  const damaged = /malformed|not a database/.test(reason)
    ? "; it is damaged: `deno task pixel restore latest` says what the newest backup holds"
    : "";
  return `${place} cannot be opened: ${reason}${damaged}`;
}

function backupsOf({ dataDir, retention }: Config, file: string, clock: Clock): Backups {
  return new Backups(join(dataDir, "backups"), file, policyOf(retention), clock);
}

/** Makes a backup before a migration that can be restored; gives the command that does so. */
async function checkedBackup(backups: Backups, schema: number): Promise<string> {
  const { name, path } = await backups.create(undefined, schema);
  const { ok, problem } = await backups.verify(name);
  if (!ok) throw new AppError("unavailable", `the backup ${name} is not good: ${problem}`);
  return `deno task pixel restore ${resolve(path)} --yes`;
}
