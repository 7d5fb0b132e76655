import assert from "node:assert/strict";
import { SharedReadings } from "./shared_readings.ts";

Deno.test("a reading is shared while it is made and for a while after, by key", async () => {
  let now = 0;
  let reads = 0;
  const readings = new SharedReadings<number>({ elapsed: () => now });
  const read = () => Promise.resolve(++reads);
  const get = (key = "a", anew = false) => readings.get(key, 1_000, read, anew);
  assert.deepEqual(await Promise.all([get(), get(), get("b")]), [1, 1, 2]);
  now = 999;
  assert.equal(await get(), 1);
  now = 1_000;
  assert.equal(await get(), 3);
  assert.equal(await get("a", true), 4);
  assert.equal(await get(), 4, "what was read anew is shared");
  readings.clear();
  assert.equal(await get(), 5);
});

Deno.test("whoever waited for a reading that failed reads for himself", async () => {
  const readings = new SharedReadings<string>({ elapsed: () => 0 });
  const made: string[] = [];
  const reader = (who: string, fails: boolean) => () => {
    made.push(who);
    return fails ? Promise.reject(new Error(`not for ${who}`)) : Promise.resolve(who);
  };
  const first = readings.get("a", 1_000, reader("ada", true));
  const waiting = ["ben", "eve"].map((who) => readings.get("a", 1_000, reader(who, false)));
  await assert.rejects(first, /not for ada/);
  assert.deepEqual(await Promise.all(waiting), ["ben", "ben"]);
  assert.deepEqual(made, ["ada", "ben"]);
});
