import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { sharedReading } from "./shared_reading.ts";

Deno.test("a reading is computed once for all who ask while it is made and while it is kept", async () => {
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

Deno.test("a reading that failed is told to those who waited, and then made again", async () => {
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
