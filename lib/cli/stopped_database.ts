import { join } from "node:path";
import { type Config, loadConfig } from "../config/config.ts";
import { AppError } from "../errors.ts";
import { lockDataDir } from "../kv/data_lock.ts";
import { Database } from "../kv/database.ts";
import { SCHEMA_VERSION } from "../kv/migrations.ts";
import type { CliContext } from "./context.ts";

/** The database of a service that is stopped, kept so until this is closed. */
export interface StoppedDatabase extends AsyncDisposable {
  config: Config;
  db: Database;
}

/** The configuration that the surroundings of a command hold. */
export function configOf({ env }: CliContext): Config {
  const set = Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]);
  return loadConfig(Object.fromEntries(set));
}

/**
 * Opens the database while no service uses it: AppError `conflict` when one does, or when another
 * release has written it.
 */
export async function openStopped(context: CliContext): Promise<StoppedDatabase> {
  const config = configOf(context);
  await using stack = new AsyncDisposableStack();
  if (!config.kvUrl) stack.use(await lockDataDir(config.dataDir));
  const path = config.kvUrl ?? join(config.dataDir, "pixel.sqlite");
  const db = stack.use(await Database.open({ path }));
  const { value } = await db.kv.get<number>(["meta", "schema"]);
  if (value !== null && value !== SCHEMA_VERSION) {
    throw new AppError(
      "conflict",
      `the database has schema ${value}, this release knows ${SCHEMA_VERSION}: start it once first`,
    );
  }
  const rest = stack.move();
  return { config, db, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}
