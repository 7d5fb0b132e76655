import assert from "node:assert/strict";
import { join } from "node:path";
import { openKv } from "./open_kv.ts";

Deno.test("what is read of a file is what was durable when it was asked for, beside a writer", async () => {
  const folder = await Deno.makeTempDir();
  const kv = await openKv(join(folder, "kv.sqlite"));
  try {
    let others: Promise<unknown> = Promise.resolve();
    for (let i = 1; i <= 100; i++) {
      await kv.atomic().set(["a"], i).set(["b", i % 3], i).commit();
      // A commit under way when it is read, large enough to take a while.
      const filling = kv.atomic();
      for (let n = 0; n < 300; n++) filling.set(["fill", n], i);
      others = Promise.all([others, filling.commit()]);
      const [one, [same, last], fill] = await Promise.all([
        kv.get<number>(["a"]),
        kv.getMany<[number, number]>([["a"], ["b", i % 3]]),
        Array.fromAsync(kv.list<number>({ prefix: ["fill"] }, { batchSize: 500 })),
      ]);
      assert.deepEqual([one.value, same.value, last.value], [i, i, i]);
      assert.ok(new Set(fill.map(({ value }) => value)).size <= 1, "half a commit was read");
    }
    await others;
    const { versionstamp } = await kv.get(["a"]);
    assert.ok((await kv.atomic().check({ key: ["a"], versionstamp }).set(["a"], 0).commit()).ok);
    assert.equal((await kv.get(["a"])).value, 0);
  } finally {
    kv.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a database in memory is read through its own handle", async () => {
  using kv = await openKv(":memory:");
  await kv.set(["a"], 1);
  assert.equal((await kv.get(["a"])).value, 1);
});
