import { AppError } from "../errors.ts";
import type { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

const MAX_TRIES = 30;

/**
 * Builds a write set and commits it; when a check in it fails, builds it again from fresh reads.
 * Throws AppError `unavailable` when others keep getting in between.
 */
export async function commitFresh<T>(
  db: Database,
  build: (tx: WriteSet) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const tx = new WriteSet();
    const built = await build(tx);
    if (await db.commit(tx)) return built;
  }
  throw new AppError("unavailable", "too many changes to the same thing at once; try again", {
    retryAfterSeconds: 1,
  });
}
