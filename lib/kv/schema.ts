import { AppError } from "../errors.ts";
import type { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

/** Version of the key map. Raise it together with a migration. */
export const SCHEMA_VERSION = 1;
const KEY: Deno.KvKey = ["meta", "schema"];

/**
 * Marks a new database with the schema's version and refuses one that a newer release has
 * written: AppError `conflict`.
 */
export async function openSchema(db: Database): Promise<void> {
  const { value } = await db.kv.get<number>(KEY);
  if (value === null) {
    await db.commit(new WriteSet().check(KEY, null).set(KEY, SCHEMA_VERSION));
    return;
  }
  if (value > SCHEMA_VERSION) {
    throw new AppError(
      "conflict",
      `the database has schema ${value}, this release knows ${SCHEMA_VERSION}: start the newer release`,
    );
  }
}
