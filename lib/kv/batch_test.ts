import assert from "node:assert/strict";
import { Batch } from "./batch.ts";
import { CountRecords } from "./count_records.ts";
import { WriteSet } from "./write_set.ts";

const item = (write: WriteSet) => ({ write, resolve: () => {}, reject: () => {} });

Deno.test("a write set that is refused leaves nothing behind: the next batch commutes", async () => {
  using kv = await Deno.openKv(":memory:");
  const batch = () => new Batch(new CountRecords(kv, false), 10);
  const sets = (from: number) => {
    const tx = new WriteSet();
    for (let n = from; n < from + 500; n++) tx.set(["numbers", n], n);
    return item(tx.sum(["count"], 500));
  };
  const [full, next] = [batch(), batch()];
  const second = sets(500);
  assert.equal(full.add(sets(0)), true);
  assert.equal(full.add(second), false);
  assert.equal(full.mutations, 501);
  assert.equal(next.add(second), true);
  assert.equal(next.commutesWith(full), true);
  const other = batch();
  other.add(sets(499));
  assert.equal(other.commutesWith(full), false);
});
