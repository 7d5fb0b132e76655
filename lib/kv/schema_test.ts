import assert from "node:assert/strict";
import { type LogFields, silentLogger as log } from "../log.ts";
import { Database } from "./database.ts";
import { type Migration, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import { openSchema } from "./schema.ts";
import { WriteSet } from "./write_set.ts";

const KEY = ["meta", "schema"];
const stored = async (db: Database) => (await db.kv.get<number>(KEY)).value;

Deno.test("a new database is marked, one of this release is left alone, a newer one refused", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await openSchema(db, { log });
  assert.equal(await stored(db), SCHEMA_VERSION);
  const { versionstamp } = await db.kv.get(KEY);
  await openSchema(db, { log });
  assert.equal((await db.kv.get(KEY)).versionstamp, versionstamp);
  await db.commit(new WriteSet().set(KEY, SCHEMA_VERSION + 1));
  await assert.rejects(openSchema(db, { log }), { code: "conflict" });
});

Deno.test("an older database is brought forward step by step, each after a backup", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await db.commit(new WriteSet().set(KEY, 1).set(["a"], 1));
  const done: string[] = [];
  let fault = true;
  const migrations: Migration[] = [2, 3].map((to) => ({
    to,
    about: `step ${to}`,
    async run(db) {
      if (to === 3 && fault) throw new Error("the power went");
      await db.commit(new WriteSet().set(["a"], to));
      done.push(`step ${to}`);
    },
  }));
  const backup = () => {
    done.push("backup");
    return Promise.resolve("restore it so");
  };
  const warned: LogFields[] = [];
  const telling = { ...log, warn: (_: string, fields?: LogFields) => warned.push(fields!) };
  const open = () => openSchema(db, { log: telling, backup, version: 3, migrations });
  await assert.rejects(open(), /the power went/);
  assert.equal(await stored(db), 2, "a step that is done is not done again");
  fault = false;
  await open();
  assert.deepEqual(done, ["backup", "step 2", "backup", "backup", "step 3"]);
  assert.equal(warned[0]!.go_back, "restore it so");
  assert.equal(await stored(db), 3);
  await open();
  assert.equal(done.length, 5);
});

Deno.test("without a checked backup nothing is migrated", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await db.commit(new WriteSet().set(KEY, 1));
  const migrations = [{ to: 2, about: "", run: () => assert.fail("it was run") }];
  const backup = () => Promise.reject(new Error("the disk is full"));
  await assert.rejects(openSchema(db, { log, backup, version: 2, migrations }), /disk is full/);
  await assert.rejects(openSchema(db, { log, version: 3, migrations: [] }), { code: "conflict" });
  assert.equal(await stored(db), 1);
});

Deno.test("every version since the first has its step", () => {
  const steps = MIGRATIONS.map((migration) => migration.to);
  assert.deepEqual(steps, Array.from({ length: SCHEMA_VERSION - 1 }, (_, i) => i + 2));
});
