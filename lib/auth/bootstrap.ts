import { join } from "node:path";
import type { Logger } from "../log.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { newSecret, secretHash } from "./secret.ts";
import { writeSecretFile } from "./secret_file.ts";

const KEY: Deno.KvKey = ["auth", "bootstrap"];

interface BootstrapRecord {
  hash: string;
  createdAt: number;
}

export interface BootstrapOptions {
  /** ADMIN_TOKEN; when given, it alone holds. */
  configured: string | undefined;
  db: Database;
  dataDir: string;
  log: Logger;
  now: number;
  /** Whether a person reads standard output. */
  terminal: boolean;
  /** Shows a line to that person. */
  print: (line: string) => void;
}

/**
 * The hash of the admin token that holds for this process. Without ADMIN_TOKEN one is made once
 * per database: shown on a terminal, otherwise written to `admin-token` in the data folder, which
 * only its owner can read.
 */
export async function bootstrapHash(options: BootstrapOptions): Promise<string> {
  if (options.configured !== undefined) return secretHash(options.configured);
  const stored = await options.db.kv.get<BootstrapRecord>(KEY);
  if (stored.value) {
    remind(options);
    return stored.value.hash;
  }
  const token = newSecret("pat_");
  const record: BootstrapRecord = { hash: secretHash(token), createdAt: options.now };
  // The file comes first: a start that ends between the two makes another token the next time.
  if (!options.terminal) writeSecretFile(tokenPath(options.dataDir), token);
  const write = new WriteSet().check(KEY, null).set(KEY, record);
  if (!await options.db.commit(write)) {
    // Another process on the same remote database was first.
    if (!options.terminal) Deno.removeSync(tokenPath(options.dataDir));
    return await bootstrapHash(options);
  }
  if (options.terminal) {
    options.print(`Admin token, shown this once: ${token}`);
  } else {
    options.log.info("an admin token was made", { path: tokenPath(options.dataDir) });
  }
  return record.hash;
}

const tokenPath = (dataDir: string): string => join(dataDir, "admin-token");

function remind({ dataDir, log }: BootstrapOptions): void {
  const path = tokenPath(dataDir);
  let there = false;
  try {
    there = Deno.statSync(path).isFile;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (there) log.info("the admin token stands in a file", { path });
  else log.info("the admin token shown at the first start holds; ADMIN_TOKEN sets another");
}
