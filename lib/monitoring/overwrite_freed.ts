import { backup, DatabaseSync } from "node:sqlite";
import { removeDatabase } from "./backup_file.ts";

const BUSY_MS = 2_000;
const MAX_TRIES = 2;

interface Definition {
  type: string;
  name: string;
  sql: string;
}

/**
 * Writes the live KV file anew from what its records say, and empties its write-ahead log, so that
 * nothing deleted can be read in either. Takes disk for another copy meanwhile. Nobody else may
 * write; readers go on. (VACUUM would do the same, but needs permissions that a confined process
 * does not have.)
 */
export async function overwriteFreed(source: string): Promise<void> {
  const copy = `${source}.anew`;
  await removeDatabase(copy);
  try {
    copyRecords(source, copy);
    const anew = new DatabaseSync(copy);
    try {
      await backup(anew, source, { rate: -1 }); // one transaction: all of it or nothing
    } finally {
      anew.close();
    }
    emptyLog(source);
  } finally {
    await removeDatabase(copy);
  }
}

/** Copies tables and indexes record by record, which leaves behind what is no record. */
function copyRecords(source: string, target: string): void {
  const from = new DatabaseSync(source, { readOnly: true, timeout: BUSY_MS });
  const into = new DatabaseSync(target);
  try {
    from.exec("begin");
    into.exec("pragma synchronous = off; begin");
    const definitions = from.prepare(
      "select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite_%'",
    ).all() as unknown as Definition[];
    const tables = definitions.filter(({ type }) => type === "table");
    for (const { name, sql } of tables) {
      into.exec(sql);
      copyTable(from, into, name);
    }
    for (const { type, sql } of definitions) if (type !== "table") into.exec(sql);
    into.exec("commit");
  } finally {
    into.close();
    from.close();
  }
}

function copyTable(from: DatabaseSync, into: DatabaseSync, name: string): void {
  const columns = from.prepare("select name from pragma_table_info(?)").all(name)
    .map((column) => `"${column.name}"`);
  const names = columns.join(", ");
  const all = from.prepare(`select ${names} from "${name}"`);
  all.setReadBigInts(true);
  const insert = into.prepare(
    `insert into "${name}" (${names}) values (${columns.map(() => "?").join(", ")})`,
  );
  for (const record of all.iterate()) insert.run(...Object.values(record));
}

function emptyLog(source: string): void {
  const database = new DatabaseSync(source, { timeout: BUSY_MS });
  try {
    const checkpoint = database.prepare("pragma wal_checkpoint(truncate)");
    // A reader keeps the log from being emptied until it is done.
    for (let tries = 0; checkpoint.get()!.busy !== 0; tries++) {
      if (tries === MAX_TRIES) throw new Error("the write-ahead log could not be emptied");
    }
  } finally {
    database.close();
  }
}
