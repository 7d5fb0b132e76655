import assert from "node:assert/strict";
import { FakeClock } from "../lib/clock.ts";
import { sharedReading, SharedReadings } from "./shared_readings.ts";

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

Deno.test("a single reading is made once for all who ask while it is made and while it is kept", async () => {
  const clock = new FakeClock();
  const made: PromiseWithResolvers<number>[] = [];
  const read = sharedReading(
    () => {
      made.push(Promise.withResolvers());
      return made.at(-1)!.promise;
    },
    250,
    clock,
  );
  const early = [read(), read()];
  clock.advance(10_000);
  early.push(read());
  assert.equal(made.length, 1);
  made[0]!.resolve(7);
  assert.deepEqual(await Promise.all(early), [7, 7, 7]);
  clock.advance(249);
  assert.equal(await read(), 7);
  assert.equal(made.length, 1);
  clock.advance(1);
  const next = read();
  made[1]!.resolve(8);
  assert.equal(await next, 8);
});

Deno.test("a single reading that failed is told to those who waited, and then made again", async () => {
  let calls = 0;
  const read = sharedReading(
    () => {
      calls++;
      return calls === 1 ? Promise.reject(new Error("down")) : Promise.resolve("up");
    },
    250,
    new FakeClock(),
  );
  const both = await Promise.allSettled([read(), read()]);
  assert.deepEqual(both.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(await read(), "up");
  assert.equal(calls, 2);
});
