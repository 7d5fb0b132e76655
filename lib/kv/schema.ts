import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Database } from "./database.ts";
import { type Migration, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import { WriteSet } from "./write_set.ts";

const KEY: Deno.KvKey = ["meta", "schema"];

export interface SchemaOptions {
  log: Logger;
  /**
   * Makes a backup, checks it, and gives the command that goes back to it; called before each step.
   * Absent where the database is no file of ours.
   */
  backup?: (schema: number) => Promise<string>;
  version?: number;
  migrations?: readonly Migration[];
}

/**
 * Marks a new database with the schema's version, brings an older one forward step by step, each
 * after a checked backup, and refuses one that a newer release has written: AppError `conflict`.
 */
export async function openSchema(db: Database, options: SchemaOptions): Promise<void> {
  const { log, backup, version = SCHEMA_VERSION, migrations = MIGRATIONS } = options;
  const stored = (await db.kv.get<number>(KEY)).value;
  if (stored === null) {
    await db.commit(new WriteSet().check(KEY, null).set(KEY, version));
    return;
  }
  if (stored > version) {
    throw new AppError(
      "conflict",
      `the database has schema ${stored}, this release knows ${version}: start the newer release`,
    );
  }
  for (let from = stored; from < version; from++) {
    const step = migrations.find((migration) => migration.to === from + 1);
    if (!step) {
      throw new AppError("conflict", `there is no way from schema ${from} to ${from + 1}`);
    }
    const fields = { from, to: step.to, about: step.about };
    if (backup) {
      log.warn("a backup was made before a migration", {
        ...fields,
        go_back: await backup(step.to),
      });
    }
    log.info("the database is migrated", fields);
    await step.run(db);
    // Marked after each step: whatever ends the process, the next start goes on from there.
    await db.commit(new WriteSet().set(KEY, step.to));
  }
}
