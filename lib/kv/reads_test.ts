import assert from "node:assert/strict";
import { Database } from "./database.ts";
import { Reads } from "./reads.ts";

Deno.test("keys that are asked for together are read together, each with its own entry", async () => {
  await using db = await Database.open({ path: ":memory:" });
  for (let n = 0; n < 25; n++) await db.kv.set(["n", n], n);
  const sizes: number[] = [];
  const reads = new Reads({
    getMany: ((keys: Deno.KvKey[]) => {
      sizes.push(keys.length);
      return db.kv.getMany(keys);
    }) as Deno.Kv["getMany"],
  });
  const entries = await Promise.all(
    Array.from({ length: 26 }, (_, n) => reads.get<number>(["n", n])),
  );
  assert.deepEqual(entries.slice(0, 25).map(({ value }) => value), [...Array(25).keys()]);
  assert.equal(entries[25]!.value, null);
  assert.equal(entries[25]!.versionstamp, null);
  assert.deepEqual(sizes, [10, 10, 6]);
});

Deno.test("a read sees what was committed before it was asked for", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const before = db.get<number>(["k"]);
  await db.kv.set(["k"], 1);
  assert.equal((await db.get<number>(["k"])).value, 1);
  await before;
});

Deno.test("all who read together hear of a failure", async () => {
  const db = await Database.open({ path: ":memory:" });
  await db.close();
  const outcomes = await Promise.allSettled([db.get(["a"]), db.get(["b"])]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
});
