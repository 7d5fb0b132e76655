import assert from "node:assert/strict";
import { Watchdog } from "./watchdog.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const settled = () => Promise.withResolvers<void>();

Deno.test("a wait that takes too long expires, one that ends does not", sanitize, async () => {
  const watchdog = new Watchdog();
  const expired = settled();
  const ended = watchdog.guard(20, () => assert.fail("it has ended"));
  assert.equal(watchdog.end(ended), true);
  const late = watchdog.guard(20, expired.resolve);
  await expired.promise;
  assert.equal(watchdog.end(late), false);
  watchdog.close();
});

Deno.test("who is told may wait again at once, and no timer is left over", sanitize, async () => {
  const watchdog = new Watchdog();
  const told = settled();
  watchdog.guard(10, () => {
    watchdog.guard(60_000, () => {});
    told.resolve();
  });
  await told.promise;
  watchdog.close();
});

Deno.test("closing expires what is waited for, and what comes later", sanitize, async () => {
  const watchdog = new Watchdog();
  const waiting = settled();
  watchdog.guard(60_000, waiting.resolve);
  watchdog.close();
  await waiting.promise;
  const later = settled();
  watchdog.guard(60_000, later.resolve);
  await later.promise;
});
