import assert from "node:assert/strict";
import fc from "fast-check";
import { counterValue } from "./counter.ts";
import { countOf, decodeCounts } from "./counts.ts";
import { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

Deno.test("write sets that arrive together share a commit; a failed check fails its own only", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await db.commit(new WriteSet().set(["a"], 1));
  const results = await Promise.all([
    db.commit(new WriteSet().set(["x"], 1).sum(["n"], 2)),
    db.commit(new WriteSet().check(["a"], null).set(["y"], 1).sum(["n"], 100)),
    db.commit(new WriteSet().set(["z"], 1).sum(["n"], 3)),
  ]);
  assert.deepEqual(results, [true, false, true]);
  assert.equal((await db.kv.get(["y"])).value, null);
  assert.equal(counterValue((await db.kv.get(["n"])).value), 5);
  await Promise.all(["p", "q"].map((key) => db.commit(new WriteSet().set([key], 1))));
  const [p, q] = await db.kv.getMany([["p"], ["q"]]);
  assert.equal(p!.versionstamp, q!.versionstamp);
});

Deno.test("a check means: as it is after everything that was handed over before", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const fill = () => {
    const tx = new WriteSet();
    for (let i = 0; i < 300; i++) tx.set(["fill", i], i);
    return tx;
  };
  const large = fill().set(["k"], 1);
  const results = await Promise.all([
    db.commit(fill().set(["other"], 1)),
    db.commit(large),
    db.commit(fill().check(["k"], null).set(["late"], 1)),
    db.commit(new WriteSet().check(["other"], null).set(["late"], 2)),
    db.commit(new WriteSet().set(["k"], 2)),
  ]);
  assert.deepEqual(results, [true, true, false, false, true]);
  assert.equal((await db.kv.get(["late"])).value, null);
  assert.equal((await db.kv.get(["k"])).value, 2);
});

Deno.test("what needs the file to itself has it, and the commits that came meanwhile follow", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const order: string[] = [];
  const commit = (name: string) =>
    db.commit(new WriteSet().set([name], 1)).then(() => void order.push(name));
  const before = commit("before");
  const gate = Promise.withResolvers<void>();
  const alone = db.exclusively(async () => {
    order.push("begins");
    await gate.promise;
    assert.equal((await db.kv.get(["meanwhile"])).value, null);
    order.push("ends");
  });
  const next = db.exclusively(() => Promise.reject(new Error("cannot")));
  const refused = assert.rejects(next, /cannot/);
  const meanwhile = commit("meanwhile");
  gate.resolve();
  await Promise.all([before, alone, refused, meanwhile]);
  await commit("after");
  assert.deepEqual(order.slice(-2), ["meanwhile", "after"]);
  assert.ok(order.indexOf("begins") < order.indexOf("ends"));
  assert.ok(order.indexOf("ends") < order.indexOf("meanwhile"));
});

Deno.test("one write set that the database refuses harms no other", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const results = await Promise.allSettled([
    db.commit(new WriteSet().set(["before"], 1)),
    db.commit(new WriteSet().set(["bad"], new Uint8Array(70_000))),
    db.commit(new WriteSet().set(["after"], 1)),
  ]);
  assert.deepEqual(results.map((r) => r.status), ["fulfilled", "rejected", "fulfilled"]);
  assert.equal((await db.kv.get(["after"])).value, 1);
});

Deno.test("whatever arrives when, the outcome is that of one after the other in order", async () => {
  const key = fc.integer({ min: 0, max: 4 });
  const write = fc.record({
    sets: fc.array(fc.tuple(key, fc.nat(100)), { maxLength: 3 }),
    sums: fc.array(fc.tuple(key, fc.integer({ min: -5, max: 5 })), { maxLength: 3 }),
    /** To a count record. */
    adds: fc.array(fc.tuple(key, fc.integer({ min: -5, max: 5 })), { maxLength: 2 }),
    /** A count record that goes as a whole. */
    removes: fc.option(key, { nil: undefined }),
    /** Fails unless the key does not exist. */
    absent: fc.option(key, { nil: undefined }),
    padding: fc.constantFrom(0, 0, 250),
    pause: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 25 }), async (writes) => {
      await using db = await Database.open({ path: ":memory:" });
      const model = new Map<number, number>();
      const sums = new Map<number, number>();
      const records = new Map<number, number>();
      const expected: boolean[] = [];
      const results: Promise<boolean>[] = [];
      for (const [index, w] of writes.entries()) {
        const adds = w.adds.filter(([k]) => k !== w.removes);
        const passes = w.absent === undefined || !model.has(w.absent);
        expected.push(passes);
        if (passes) {
          for (const [k, v] of w.sets) model.set(k, v);
          for (const [k, by] of w.sums) sums.set(k, (sums.get(k) ?? 0) + by);
          for (const [k, by] of adds) records.set(k, (records.get(k) ?? 0) + by);
          if (w.removes !== undefined) records.set(w.removes, 0);
        }
        const tx = new WriteSet();
        if (w.absent !== undefined) tx.check(["root", "set", w.absent], null);
        for (const [k, v] of w.sets) tx.set(["root", "set", k], v);
        for (const [k, by] of w.sums) tx.sum(["root", "sum", k], by);
        for (const [k, by] of adds) tx.add(["root", "record", k], new Map([[1, by]]));
        if (w.removes !== undefined) tx.delete(["root", "record", w.removes]);
        for (let i = 0; i < w.padding; i++) tx.set(["padding", index, i], i);
        results.push(db.commit(tx));
        if (w.pause) await Promise.resolve();
      }
      assert.deepEqual(await Promise.all(results), expected);
      for (const [k, v] of model) assert.equal((await db.kv.get(["root", "set", k])).value, v);
      for (const [k, by] of sums) {
        assert.equal(counterValue((await db.kv.get(["root", "sum", k])).value), by);
      }
      for (const [k, count] of records) {
        const { value } = await db.kv.get(["root", "record", k]);
        assert.equal(countOf(decodeCounts(value), 1), count);
      }
    }),
    { numRuns: 150 },
  );
});
