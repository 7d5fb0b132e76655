import { join } from "node:path";
import { AppError, messageOf } from "../errors.ts";

/** Proof that this process alone uses a DATA_DIR, until `release` or the end of the process. */
export interface DataLock extends AsyncDisposable {
  readonly path: string;
  release(): Promise<void>;
}

/** Who holds a lock, as far as it said so. */
export interface Holder {
  pid: number;
  since: string;
}

/**
 * Locks `dir` (made when it does not exist) by an exclusive lock of the operating system on
 * `dir/lock`, which ends with the process however that ends. Throws AppError `conflict` when another
 * process holds it. What the file says is only for people; the lock itself decides.
 */
export async function lockDataDir(dir: string): Promise<DataLock> {
  const path = join(dir, "lock");
  const file = await open(dir, path);
  try {
    if (!await file.tryLock(true)) {
      throw new AppError("conflict", `DATA_DIR ${dir} is in use by ${await holderOf(path)}`);
    }
    const holder: Holder = { pid: Deno.pid, since: new Date().toISOString() };
    await file.truncate();
    await file.write(new TextEncoder().encode(JSON.stringify(holder) + "\n"));
  } catch (error) {
    file.close();
    throw error;
  }
  let held = true;
  const release = async () => {
    if (!held) return;
    held = false;
    // The file stays: removing it would let two processes lock two files of one name.
    await file.truncate().catch(() => {});
    file.close();
  };
  return { path, release, [Symbol.asyncDispose]: release };
}

/**
 * Who holds the lock of `dir`: null when nobody does, whatever its file says. `pid` is null when a
 * holder has not said who it is.
 */
export async function lockHolder(
  dir: string,
): Promise<{ pid: number | null; since: string | null } | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(dir, "lock"), { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new AppError("unavailable", `DATA_DIR ${dir} cannot be used: ${messageOf(error)}`);
  }
  using held = file;
  if (await held.tryLock(true)) return null;
  try {
    const { pid, since } = JSON.parse(await Deno.readTextFile(join(dir, "lock"))) as Holder;
    return Number.isSafeInteger(pid) && pid > 1 ? { pid, since } : { pid: null, since };
  } catch {
    return { pid: null, since: null };
  }
}

async function open(dir: string, path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    return await Deno.open(path, { create: true, read: true, write: true, mode: 0o600 });
  } catch (error) {
    throw new AppError("unavailable", `DATA_DIR ${dir} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function holderOf(path: string): Promise<string> {
  try {
    const { pid, since } = JSON.parse(await Deno.readTextFile(path)) as Holder;
    return `process ${pid} since ${since}: stop it first, or set another DATA_DIR`;
  } catch {
    return "another process: stop it first, or set another DATA_DIR";
  }
}
