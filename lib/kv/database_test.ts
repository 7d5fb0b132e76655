import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { counterValue } from "./counter.ts";
import { countOf, decodeCounts } from "./counts.ts";
import { AppError } from "../errors.ts";
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

Deno.test("whenever the second commit comes, even while the first is ending, it follows", async () => {
  const large = (name: string) => {
    const tx = new WriteSet().add(["root", "record"], new Map([[1, 1]])).set([name], 1);
    for (let n = 0; n < 250; n++) tx.delete(["padding", "of", name, n]);
    return tx;
  };
  for (let depth = 0; depth < 30; depth++) {
    await using db = await Database.open({ path: ":memory:" });
    const second = Promise.withResolvers<boolean>();
    const atomic = db.kv.atomic.bind(db.kv);
    db.kv.atomic = () => {
      db.kv.atomic = atomic;
      const first = atomic();
      const commit = first.commit.bind(first);
      first.commit = async () => {
        const result = await commit();
        (async () => {
          for (let i = 0; i < depth; i++) await Promise.resolve();
          second.resolve(db.commit(large("second")));
        })();
        return result;
      };
      return first;
    };
    assert.ok(await db.commit(large("first")));
    assert.ok(await second.promise);
    assert.equal(countOf(decodeCounts((await db.kv.get(["root", "record"])).value), 1), 2);
  }
});

Deno.test("while another program writes to the file again and again, every commit counts once", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "kv.sqlite");
  const db = await Database.open({ path });
  try {
    await db.commit(new WriteSet().set(["begin"], 1));
    const other = new DatabaseSync(path, { timeout: 60_000 });
    other.exec("create table other (n)");
    const results: Promise<boolean>[] = [];
    let sum = 0;
    for (let i = 0; i < 60; i++) {
      const tx = new WriteSet().add(["root", "record"], new Map([[i % 40, i]]));
      // Every seventh fails for a reason of its own.
      if (i % 7 === 3) tx.check(["begin"], null);
      else sum += i;
      for (let n = 0; n < 250; n++) tx.delete(["padding", "of", i, n]);
      results.push(db.commit(tx));
      // A commit that has begun with its checks cannot write once another has written.
      for (let n = 0; n < 4; n++) {
        await new Promise((resolve) => setImmediate(resolve));
        other.exec("insert into other values (1)");
      }
    }
    const committed = await Promise.all(results);
    other.close();
    assert.deepEqual(committed, Array.from({ length: 60 }, (_, i) => i % 7 !== 3));
    const { values } = decodeCounts((await db.kv.get(["root", "record"])).value);
    assert.equal(sumOf(values), sum);
  } finally {
    await db.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("whatever arrives when, the outcome is that of one after the other in order", async () => {
  const key = fc.integer({ min: 0, max: 4 });
  const amount = fc.integer({ min: -5, max: 5 });
  const write = fc.record({
    sets: fc.array(fc.tuple(key, fc.nat(100)), { maxLength: 3 }),
    sums: fc.array(fc.tuple(key, amount), { maxLength: 3 }),
    /** To a field of a count record: more of them than are kept encoded, and fewer. */
    adds: fc.array(fc.tuple(key, fc.integer({ min: 1, max: 40 }), amount), {
      minLength: 1,
      maxLength: 3,
    }),
    /** A count record that goes as a whole. */
    removes: fc.option(key, { nil: undefined, freq: 8 }),
    /** Fails unless the key does not exist. */
    absent: fc.option(key, { nil: undefined, freq: 4 }),
    /** Makes it large, so that it need not wait for what is under way. */
    padding: fc.constantFrom(0, 250, 250),
    pause: fc.constantFrom("none", "task", "task", "commit"),
  });
  const pauses = {
    none: () => {},
    task: () => new Promise((resolve) => setImmediate(resolve)),
    commit: (last: Promise<unknown>) => last,
  };
  const late = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 25 }), late, async (writes, turns) => {
      await using db = await Database.open({ path: ":memory:" });
      tellLate(db.kv, turns);
      const model = new Map<number, number>();
      const sums = new Map<number, number>();
      const records = new Map<number, Map<number, number>>();
      const expected: boolean[] = [];
      const results: Promise<boolean>[] = [];
      for (const [index, w] of writes.entries()) {
        const adds = w.adds.filter(([k]) => k !== w.removes);
        const passes = w.absent === undefined || !model.has(w.absent);
        expected.push(passes);
        if (passes) {
          for (const [k, v] of w.sets) model.set(k, v);
          for (const [k, by] of w.sums) sums.set(k, (sums.get(k) ?? 0) + by);
          for (const [k, field, by] of adds) {
            const record = records.get(k) ?? new Map<number, number>();
            records.set(k, record.set(field, (record.get(field) ?? 0) + by));
          }
          if (w.removes !== undefined) records.set(w.removes, new Map());
        }
        const tx = new WriteSet();
        if (w.absent !== undefined) tx.check(["root", "set", w.absent], null);
        for (const [k, v] of w.sets) tx.set(["root", "set", k], v);
        for (const [k, by] of w.sums) tx.sum(["root", "sum", k], by);
        for (const [k, field, by] of adds) {
          tx.add(["root", "record", k], new Map([[field, by]]), ({ after }, more) => {
            more.set(["root", "total", k], sumOf(after.values));
          });
        }
        if (w.removes !== undefined) {
          tx.delete(["root", "record", w.removes]).set(["root", "total", w.removes], 0);
        }
        for (let i = 0; i < w.padding; i++) tx.delete(["padding", "of", index, i]);
        results.push(db.commit(tx));
        await pauses[w.pause](results.at(-1)!);
      }
      assert.deepEqual(await Promise.all(results), expected);
      for (const [k, v] of model) assert.equal((await db.kv.get(["root", "set", k])).value, v);
      for (const [k, by] of sums) {
        assert.equal(counterValue((await db.kv.get(["root", "sum", k])).value), by);
      }
      for (const [k, fields] of records) {
        const counts = decodeCounts((await db.kv.get(["root", "record", k])).value);
        for (const [field, count] of fields) assert.equal(countOf(counts, field), count);
        const total = (await db.kv.get(["root", "total", k])).value ?? 0;
        assert.equal(total, sumOf([...fields.values()]));
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a full disk is told as one, to whoever writes alone or with others, and passes", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const atomic = db.kv.atomic.bind(db.kv);
  db.kv.atomic = () => {
    const operation = atomic();
    operation.commit = () => Promise.reject(new TypeError("database or disk is full"));
    return operation;
  };
  const told = (error: unknown) =>
    error instanceof AppError && error.code === "overloaded" &&
    /disk .* is full/.test(error.message);
  const write = (n: number) => db.commit(new WriteSet().set(["full", n], n));
  await assert.rejects(write(0), told);
  await Promise.all([1, 2, 3].map((n) => assert.rejects(write(n), told)));
  db.kv.atomic = atomic;
  assert.equal(await write(4), true);
  assert.equal((await db.kv.get(["full", 0])).value, null);
});

/** Commits end in their order, but may be told of in another. */
function tellLate(kv: Deno.Kv, turns: number[]): void {
  const atomic = kv.atomic.bind(kv);
  let count = 0;
  kv.atomic = () => {
    const operation = atomic();
    const commit = operation.commit.bind(operation);
    operation.commit = async () => {
      const late = turns[count++ % turns.length]!;
      const result = await commit();
      for (let i = 0; i < late; i++) await new Promise((resolve) => setImmediate(resolve));
      return result;
    };
    return operation;
  };
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
