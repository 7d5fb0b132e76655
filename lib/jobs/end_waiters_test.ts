import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { EndWaiters } from "./end_waiters.ts";

/** Lets everything that is ready go on. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("a job that ended and was put back before anybody looked is waited for on", async () => {
  const clock = new FakeClock();
  const waiters = new EndWaiters(clock);
  let ended = false;
  const waiting = waiters.wait("a", () => Promise.resolve(ended), 1_000);
  await settle();
  waiters.wake("a"); // it ended, and was retried at once
  await settle();
  ended = true;
  waiters.wake("a");
  assert.equal(await waiting, true);
});

Deno.test("waiting ends after its time, by its signal, and when the engine stops", async () => {
  const clock = new FakeClock();
  const never = () => Promise.resolve(false);
  const waiters = new EndWaiters(clock);
  const late = waiters.wait("a", never, 1_000);
  await settle();
  clock.advance(1_000);
  assert.equal(await late, false);
  const abort = new AbortController();
  const aborted = waiters.wait("a", never, 1_000, abort.signal);
  await settle();
  abort.abort();
  assert.equal(await aborted, false);
  assert.equal(await waiters.wait("a", never, 1_000, AbortSignal.abort()), false);
  const stopped = waiters.wait("a", never, 1_000);
  await settle();
  waiters.wakeAll();
  assert.equal(await stopped, false);
});

Deno.test("where nobody wakes it, it looks now and then", async () => {
  const clock = new FakeClock();
  let looks = 0;
  const waiting = new EndWaiters(clock, 200).wait("a", () => Promise.resolve(++looks > 3), 5_000);
  for (let i = 0; i < 5; i++) {
    await settle();
    clock.advance(200);
  }
  assert.equal(await waiting, true);
});
