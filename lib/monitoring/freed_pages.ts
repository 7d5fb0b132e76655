import { dirname, join } from "node:path";
import type { Database } from "../kv/database.ts";
import type { Logger } from "../log.ts";
import { overwriteInThread } from "./backup_thread.ts";

/** Larger files would hold up everybody's commits for too long. */
const MAX_LIVE_BYTES = 64 * 1024 ** 2;

/** What deleted records have left in the pages of a KV file, and how it goes. */
export class FreedPages {
  readonly #mark: string;

  constructor(readonly kvFile: string, readonly log: Logger) {
    this.#mark = join(dirname(kvFile), "overwrite-at-start");
  }

  /**
   * Overwrites them now where the file is small enough (commits wait for it, some 20 ms a MiB), else
   * at the next start. True when it is done.
   */
  async overwrite(db: Database): Promise<boolean> {
    try {
      // Until it is done, a start does it: also when this process ends in the middle.
      await Deno.writeTextFile(this.#mark, "");
      if ((await Deno.stat(this.kvFile)).size > MAX_LIVE_BYTES) return false;
      await db.exclusively(() => overwriteInThread(this.kvFile));
      await Deno.remove(this.#mark);
      return true;
    } catch (error) {
      this.log.warn("freed pages of the database are overwritten at the next start", { error });
      return false;
    }
  }

  /** Overwrites what an earlier process left to do. Call before anybody opens the file. */
  async atStart(): Promise<void> {
    try {
      await Deno.stat(this.#mark);
    } catch {
      return;
    }
    try {
      await overwriteInThread(this.kvFile);
      await Deno.remove(this.#mark);
    } catch (error) {
      this.log.warn("freed pages of the database could not be overwritten", { error });
    }
  }
}
