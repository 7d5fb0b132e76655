import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { AppError, notFound } from "../errors.ts";
import type { Backup } from "./backup.ts";
import type { BackupManifest } from "./backup_file.ts";
import { instantOf, manifestOf } from "./backup_name.ts";
import { type BackupPolicy, DEFAULT_POLICY, expiredBackups, policyOf } from "./backup_policy.ts";
import { Bucket } from "./bucket.ts";

/** A backup in the bucket. */
export interface OffsiteBackup {
  name: string;
  at: number;
  compressedBytes: number;
}

export interface TransferOptions {
  signal?: AbortSignal;
  progress?: (done: number, total: number) => void;
}

export interface Synced {
  /** Names of what was uploaded, newest first. */
  uploaded: string[];
  bytes: number;
  /** Names of what the policy no longer keeps there. */
  deleted: string[];
}

/** Copies of the backups in a bucket, each with its manifest beside it. */
export class OffsiteBackups {
  constructor(
    readonly bucket: Bucket,
    readonly policy: BackupPolicy = DEFAULT_POLICY,
    readonly clock: Clock,
  ) {}

  /** All of them, newest first. */
  async list(signal?: AbortSignal): Promise<OffsiteBackup[]> {
    const found: OffsiteBackup[] = [];
    for (const { name, bytes } of await this.bucket.list(signal)) {
      const at = instantOf(name);
      if (at !== null) found.push({ name, at, compressedBytes: bytes });
    }
    return found.toSorted((a, b) => b.at - a.at);
  }

  /**
   * Uploads those of the `local` backups that are missing, newest first, and deletes what the
   * policy does not keep there. What an earlier run could not upload is made up for. Throws
   * BucketError, after which the same call goes on where it stopped.
   */
  async sync(local: Backup[], options: TransferOptions = {}): Promise<Synced> {
    const { signal, progress = () => {} } = options;
    const there = new Map((await this.list(signal)).map((backup) => [backup.name, backup]));
    const missing = this.#worthKeeping(local, [...there.values()])
      .filter(({ name, compressedBytes }) => there.get(name)?.compressedBytes !== compressedBytes);
    const total = missing.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0);
    let bytes = 0;
    for (const backup of missing) {
      const before = bytes;
      await this.#upload(backup, signal, (part) => progress(before + part, total));
      bytes += backup.compressedBytes;
    }
    const arrived = await this.list(signal);
    for (const { name, compressedBytes } of missing) {
      if (arrived.some((one) => one.name === name && one.compressedBytes === compressedBytes)) {
        continue;
      }
      throw new AppError("unavailable", `${name} is not in ${this.bucket.address} as it was sent`);
    }
    const deleted = expiredBackups(arrived, this.policy, this.clock.now());
    for (const { name } of deleted) {
      await this.bucket.delete(name, signal);
      await this.bucket.delete(manifestOf(name), signal);
    }
    return {
      uploaded: missing.map(({ name }) => name),
      bytes,
      deleted: deleted.map(({ name }) => name),
    };
  }

  /**
   * Downloads a backup and its manifest into `folder` and gives its path. Nothing there is touched
   * until all of it has come and its checksum is that of the manifest.
   */
  async fetch(name: string, folder: string, options: TransferOptions = {}): Promise<string> {
    const { signal, progress = () => {} } = options;
    const backup = (await this.list(signal)).find((one) => one.name === name);
    if (!backup) throw notFound(`there is no backup ${name} in ${this.bucket.address}`);
    const text = await this.bucket.readText(manifestOf(name), signal);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, name);
    const partial = `${path}.partial`;
    try {
      const sha256 = await download(
        this.bucket.read(name, signal),
        partial,
        (bytes) => progress(bytes, backup.compressedBytes),
      );
      if (text !== null) {
        if (sha256 !== (JSON.parse(text) as BackupManifest).sha256) {
          throw new AppError("conflict", `${name} in ${this.bucket.address} is damaged`);
        }
        await Deno.writeTextFile(manifestOf(path), text);
      }
      await Deno.rename(partial, path);
      return path;
    } finally {
      await Deno.remove(partial).catch(() => {}); // it has its own name by now
    }
  }

  /** Those of the local backups that the policy would keep beside what is there. */
  #worthKeeping(local: Backup[], there: OffsiteBackup[]): Backup[] {
    const names = new Set(local.map(({ name }) => name));
    const all = [...local, ...there.filter(({ name }) => !names.has(name))];
    const expired = expiredBackups(all, this.policy, this.clock.now()).map(({ name }) => name);
    return local.filter(({ name }) => !expired.includes(name));
  }

  async #upload(
    { name, path, manifest }: Backup,
    signal: AbortSignal | undefined,
    progress: (bytes: number) => void,
  ): Promise<void> {
    if (manifest) {
      await this.bucket.putText(manifestOf(name), JSON.stringify(manifest, null, 2) + "\n", signal);
    }
    await this.bucket.putFile(name, path, { signal, progress });
  }
}

/** The copies in the bucket that is configured; null where none is. */
export function openOffsite(
  { backupBucket, retention }: Config,
  clock: Clock = systemClock,
): OffsiteBackups | null {
  if (!backupBucket) return null;
  return new OffsiteBackups(new Bucket(backupBucket), policyOf(retention), clock);
}

/** Writes what comes to a file and gives its checksum. */
async function download(
  chunks: AsyncIterable<Uint8Array>,
  target: string,
  progress: (bytes: number) => void,
): Promise<string> {
  using file = await Deno.open(target, { create: true, write: true, truncate: true, mode: 0o600 });
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    for (let at = 0; at < chunk.byteLength;) at += await file.write(chunk.subarray(at));
    progress(bytes += chunk.byteLength);
  }
  await file.sync();
  return hash.digest("hex");
}
