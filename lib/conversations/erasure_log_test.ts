import assert from "node:assert/strict";
import { Database } from "../kv/database.ts";
import { FileErasureLog, KvErasureLog } from "./erasure_log.ts";

Deno.test("in files or in the database, who was erased is known by the same hash ever after", async () => {
  await using db = await Database.open({ path: ":memory:", shared: true });
  const folder = await Deno.makeTempDir();
  try {
    for (const open of [() => KvErasureLog.open(db), () => FileErasureLog.open(folder)]) {
      const log = await open();
      const hash = log.hash("ada");
      assert.match(hash, /^[0-9a-f]{64}$/);
      await log.add(hash);
      await log.add(hash);
      assert.deepEqual(log.list(), [hash]);
      const again = await open();
      assert.deepEqual([again.hash("ada"), again.list()], [hash, [hash]]);
      assert.notEqual(again.hash("bob"), hash);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("processes that make the key at the same time agree on one", async () => {
  await using db = await Database.open({ path: ":memory:", shared: true });
  const logs = await Promise.all([1, 2, 3].map(() => KvErasureLog.open(db)));
  assert.equal(new Set(logs.map((log) => log.hash("ada"))).size, 1);
});
