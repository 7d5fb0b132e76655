import assert from "node:assert/strict";
import { type Flight, SingleFlight } from "./single_flight.ts";

Deno.test("a signal that is asked for late knows that nobody waits any more", async () => {
  const flights = new SingleFlight();
  const caller = new AbortController();
  let flight!: Flight<number>;
  const { result } = flights.join<number>("k", [], (started) => {
    flight = started;
    return new Promise(() => {});
  }, caller.signal);
  flight.throwIfAborted();
  caller.abort(new Error("left"));
  await assert.rejects(result, /left/);
  await assert.rejects(flight.result, /left/);
  assert.throws(() => flight.throwIfAborted(), /left/);
  assert.equal(flight.signal.aborted, true);
  assert.match(String(flight.signal.reason), /left/);
  assert.equal(flights.size, 0);
});

Deno.test("a signal that was asked for early aborts with its last caller", async () => {
  const flights = new SingleFlight();
  const aborted = Promise.withResolvers<unknown>();
  const { result } = flights.join<number>("k", [], ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve(signal.reason));
    return new Promise(() => {});
  });
  flights.abortAll(new Error("closing"));
  await assert.rejects(result, /closing/);
  assert.match(String(await aborted.promise), /closing/);
});
