import assert from "node:assert/strict";
import { countOf, decodeCounts, NO_COUNTS } from "./counts.ts";
import { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const key = ["r"];
const stored = async (db: Database, k: Deno.KvKey = key) =>
  decodeCounts((await db.kv.get(k, { consistency: "strong" })).value);

Deno.test("additions that arrive together and apart all count", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const many = Array.from(
    { length: 2_500 },
    (_, i) => db.commit(new WriteSet().add(key, new Map([[i % 7, 1]])).set(["x", i], i)),
  );
  assert.ok((await Promise.all(many)).every(Boolean));
  await db.commit(new WriteSet().add(key, new Map([[0, 10]])));
  const counts = await stored(db);
  assert.equal(countOf(counts, 0), 358 + 10);
  assert.equal(countOf(counts, 6), 357);
});

Deno.test("a large record holds every addition, to old fields and new", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const expected = new Map<number, number>();
  const add = async (delta: Map<number, number>, fails = false) => {
    const tx = new WriteSet().add(key, delta);
    if (fails) tx.check(["absent"], "00000000000000010000");
    assert.equal(await db.commit(tx), !fails);
    if (fails) return;
    for (const [field, by] of delta) expected.set(field, (expected.get(field) ?? 0) + by);
  };
  await add(new Map(Array.from({ length: 100 }, (_, i) => [i * 300, i + 1])));
  for (let round = 1; round <= 40; round++) {
    await add(new Map([[300, 5], [1_200, round], [9_000, -1]]), round % 3 === 0);
    if (round % 7 === 0) await add(new Map([[round, 1], [round * 600, -1 - round * 2]]));
    const counts = await stored(db);
    assert.deepEqual(new Map(counts.fields.map((f, i) => [f, counts.values[i]!])), inOrder());
  }
  function inOrder() {
    return new Map([...expected].filter(([, n]) => n !== 0).sort((a, b) => a[0] - b[0]));
  }
});

Deno.test("a write set whose check fails adds nothing, its neighbours do", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const add = () => new WriteSet().add(key, new Map([[1, 1]]));
  const [a, b, c] = await Promise.all([
    db.commit(add()),
    db.commit(add().check(["absent"], "00000000000000010000")),
    db.commit(add()),
  ]);
  assert.deepEqual([a, b, c], [true, false, true]);
  assert.equal(countOf(await stored(db), 1), 2);
});

Deno.test("a record that was removed starts from nothing", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const results = await Promise.all([
    db.commit(new WriteSet().add(key, new Map([[1, 5]]))),
    db.commit(new WriteSet().delete(key)),
    db.commit(new WriteSet().add(key, new Map([[2, 1]]))),
  ]);
  assert.deepEqual(results, [true, true, true]);
  assert.deepEqual(await stored(db), { fields: [2], values: [1] });
  await db.commit(new WriteSet().add(key, new Map([[2, -1]])));
  assert.deepEqual(await stored(db), NO_COUNTS);
});

Deno.test(
  "consequences see the record before and after, and are committed with it",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const once = (name: string) =>
      new WriteSet().add(["u", name], new Map([[0, 1]]), ({ before, after }, more) => {
        if (before.fields.length === 0) more.add(["people"], new Map([[0, 1]]));
        more.delete(["rank", -countOf(before, 0), name]).set(["rank", -countOf(after, 0), name], 1);
      });
    await Promise.all(["ann", "bob", "ann", "cy", "ann", "bob"].map((n) => db.commit(once(n))));
    await db.commit(once("bob"));
    assert.equal(countOf(await stored(db, ["people"]), 0), 3);
    const rank = await Array.fromAsync(
      db.kv.list({ prefix: ["rank"] }),
      (entry) => entry.key.slice(1),
    );
    assert.deepEqual(rank, [[-3, "ann"], [-3, "bob"], [-1, "cy"]]);
  },
);

Deno.test(
  "a record that is removed while an addition to it is under way stays removed",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const add = () => db.commit(new WriteSet().add(key, new Map([[1, 1]])));
    await add();
    const under = add();
    await Promise.resolve(); // its commit has begun
    const removal = new WriteSet().delete(key);
    // So large that it is put together at once.
    for (let i = 0; i < 300; i++) removal.set(["x", i], i);
    await Promise.all([under, db.commit(removal)]);
    assert.deepEqual(await stored(db), NO_COUNTS);
    await add();
    assert.equal(countOf(await stored(db), 1), 1);
  },
);

Deno.test(
  "what follows from an addition counts from nothing where the record went in the same commit",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const other = ["r", "other"];
    const add = () =>
      db.commit(
        new WriteSet().add(key, new Map([[1, 1]]), (_, more) => more.add(other, new Map([[2, 1]]))),
      );
    await add();
    await Promise.all([db.commit(new WriteSet().delete(other)), add()]);
    assert.equal(countOf(await stored(db, other), 2), 1);
    assert.equal(countOf(await stored(db), 1), 2);
  },
);

Deno.test("a bad amount fails its own write set only", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const bad = db.commit(new WriteSet().add(key, new Map([[1, Number.MAX_SAFE_INTEGER]])));
  const good = db.commit(new WriteSet().add(key, new Map([[1, 1]])));
  await assert.rejects(bad, RangeError);
  assert.equal(await good, true);
  assert.equal(countOf(await stored(db), 1), 1);
});

Deno.test("two handles that share a database lose no addition", sanitize, async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = dir + "/kv";
    await using one = await Database.open({ path, shared: true });
    await using two = await Database.open({ path, shared: true });
    const add = (db: Database) => db.commit(new WriteSet().add(key, new Map([[3, 1]])));
    for (let round = 0; round < 15; round++) {
      const done = await Promise.all([add(one), add(two), add(one), add(two)]);
      assert.ok(done.every(Boolean));
    }
    assert.equal(countOf(await stored(one), 3), 60);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
