import assert from "node:assert/strict";
import { userKey } from "./keys.ts";
import { readNear } from "./read_near.ts";

Deno.test("records are found whether they lie close together or far apart", async () => {
  using kv = await Deno.openKv(":memory:");
  const all = Array.from({ length: 500 }, (_, n) => `u${String(n).padStart(3, "0")}`);
  for (const id of all) await kv.set(userKey(id), `record of ${id}`);
  await kv.set([...userKey("u010"), "something below it"], "not a record");
  const ways = {
    "all of a stretch": all.slice(10, 40),
    "few of many": [all[0]!, all[250]!, all[499]!],
    "some that are not there": ["a", "u001", "u001b", "u002", "z"],
    "one": ["u007"],
    "none": [],
  };
  for (const [way, ids] of Object.entries(ways)) {
    const records = await readNear(kv, userKey, ids);
    for (const id of ids) {
      const there = all.includes(id);
      assert.equal(records.get(id) ?? null, there ? `record of ${id}` : null, `${way}: ${id}`);
    }
  }
});
