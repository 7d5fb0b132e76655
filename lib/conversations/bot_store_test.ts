import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type BotInput, BotStore } from "./bot_store.ts";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);

/** A definition of a dozen chunks, all of which say whose they are. */
function bot(name: string): BotInput {
  const knowledge = Array.from({ length: 300 }, (_, n) => ({
    question: `${name} asks ${n}`,
    answer: name.repeat(1_000 / name.length),
  }));
  return { name, cache: undefined, knowledge, intents: [] } as BotInput;
}

function storeOn(db: Database, now = () => START): BotStore {
  return new BotStore({ db, now });
}

/** The same database, to which a store's commits go only once `admit` allows them. */
function gated(db: Database, admit: (tx: WriteSet) => Promise<unknown>): Database {
  const commit = async (tx: WriteSet) => {
    await admit(tx);
    return await db.commit(tx);
  };
  return { kv: db.kv, get: db.get.bind(db), commit } as unknown as Database;
}

async function keysUnder(db: Database, prefix: Deno.KvKey): Promise<Deno.KvKey[]> {
  const entries = await Array.fromAsync(db.kv.list({ prefix }));
  return entries.map(({ key }) => key);
}

async function assertWhole(db: Database, name: string): Promise<void> {
  const read = await storeOn(db).get("b");
  assert.equal(read.name, name);
  assert.deepEqual(read.knowledge, bot(name).knowledge);
}

Deno.test("a put that comes too late leaves what the winner wrote", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const won = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const late = storeOn(gated(db, (tx) => {
    begun.resolve();
    return tx.checks.length === 0 ? won.promise : read.promise;
  }));
  const losing = late.put("b", bot("late"));
  await begun.promise;
  await storeOn(db).put("b", bot("soon"));
  won.resolve();
  for (let n = 0; n < 20; n++) await assertWhole(db, "soon");
  read.resolve();
  assert.equal((await losing).version, 2);
  await assertWhole(db, "late");
});

Deno.test("puts of two stores at once follow one another, and leave only the last", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const stores = [storeOn(db), storeOn(db)];
  const names = ["a", "bb", "cccc", "ddddd", "eeeeeeee"];
  const put = await Promise.all(names.map((name, n) => stores[n % 2]!.put("b", bot(name))));
  assert.deepEqual(put.map(({ version }) => version).sort(), [1, 2, 3, 4, 5]);
  const last = put.find(({ version }) => version === 5)!;
  await assertWhole(db, last.name);
  const chunks = await keysUnder(db, ["bots", "k"]);
  assert.equal(new Set(chunks.map((key) => key[3])).size, 1);
  assert.deepEqual(await keysUnder(db, ["bots", "w"]), []);
  await storeOn(db).delete("b");
  assert.deepEqual(await keysUnder(db, ["bots", "k"]), []);
});

Deno.test("a put that the database refuses takes its chunks away", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await storeOn(db).put("b", bot("here"));
  const before = await keysUnder(db, ["bots"]);
  const full = storeOn(gated(db, (tx) => {
    const publishes = tx.mutations.some(({ type }) => type === "set") && tx.checks.length > 0;
    return publishes ? Promise.reject(new Error("disk full")) : Promise.resolve();
  }));
  await assert.rejects(full.put("b", bot("never")), /disk full/);
  assert.deepEqual(await keysUnder(db, ["bots"]), before);
  await assertWhole(db, "here");
});

Deno.test("what a put that was cut off left is swept, and cannot be published then", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await storeOn(db).put("b", bot("here"));
  const before = await keysUnder(db, ["bots"]);
  const stopped = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const stuck = storeOn(gated(db, (tx) => {
    if (tx.checks.length === 0) return Promise.resolve();
    stopped.resolve();
    return goesOn.promise;
  }));
  const putting = stuck.put("b", bot("stuck"));
  await stopped.promise;
  assert.equal(await storeOn(db, () => START + HOUR_MS).sweep(), 0, "it may be under way");
  assert.equal(await storeOn(db, () => START + HOUR_MS + 1).sweep(), 1);
  assert.deepEqual(await keysUnder(db, ["bots"]), before);
  goesOn.resolve();
  await assert.rejects(
    putting,
    (error) => error instanceof AppError && error.code === "unavailable",
  );
  assert.deepEqual(await keysUnder(db, ["bots"]), before);
  await assertWhole(db, "here");
});

Deno.test("a definition of before, under its version, is read, replaced and deleted", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const text = JSON.stringify(bot("old"));
  const tx = new WriteSet();
  const chunks = Math.ceil(text.length / 24_000);
  for (let n = 0; n < chunks; n++) {
    tx.set(["bots", "k", "b", 7, n], text.slice(n * 24_000, (n + 1) * 24_000));
  }
  const counts = { knowledgeCount: 300, intentCount: 0 };
  tx.set(["bots", "d", "b"], { name: "old", version: 7, chunks, updatedAt: START, ...counts });
  await db.commit(tx);
  await assertWhole(db, "old");
  assert.equal((await storeOn(db).put("b", bot("new"))).version, 8);
  await assertWhole(db, "new");
  assert.deepEqual(await keysUnder(db, ["bots", "k", "b", 7]), []);
});
