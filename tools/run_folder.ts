import { dirname, join } from "node:path";

const PREFIX = "pixel-run-";
const LOCK = "lock";
/** A folder this young may not be locked by its run yet. */
const MIN_AGE_MS = 60_000;

/**
 * The temporary folder of one run of the tests, which its processes get as TMPDIR: what a test that
 * was killed leaves goes with it. The run holds a lock in it, which the system lets go of however
 * the process ends.
 */
export class RunFolder implements Disposable {
  readonly #removed = () => this[Symbol.dispose]();

  private constructor(readonly path: string, readonly lock: Deno.FsFile) {
    globalThis.addEventListener("unload", this.#removed); // also when the run is interrupted
  }

  /** Makes one, and removes those whose runs are gone. `parent`: the system's, when absent. */
  static async make(parent?: string): Promise<RunFolder> {
    const path = await Deno.makeTempDir({ dir: parent, prefix: PREFIX });
    const lock = await Deno.open(join(path, LOCK), { create: true, write: true });
    await lock.lock(true);
    await removeAbandoned(dirname(path));
    return new RunFolder(path, lock);
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#removed);
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch {
      // Something that was killed still writes: the next run removes it.
    }
    this.lock.close();
  }
}

/** Removes the folders of runs that are gone, as far as they are ours to remove. */
async function removeAbandoned(parent: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    try {
      const { mtime } = await Deno.lstat(path);
      if (mtime === null || Date.now() - mtime.getTime() < MIN_AGE_MS) continue;
      using lock = await Deno.open(join(path, LOCK), { create: true, write: true });
      if (await lock.tryLock(true)) await Deno.remove(path, { recursive: true });
    } catch {
      // Somebody else's, or removed by another run at this moment.
    }
  }
}
