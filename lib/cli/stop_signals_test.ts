import assert from "node:assert/strict";
import { stopOnce } from "./stop_signals.ts";

Deno.test("a request that arrives twice is one; a later one ends the process", () => {
  let now = 5_000;
  const done: unknown[] = [];
  const ask = stopOnce(
    (code: number) => done.push(code),
    (code) => done.push(`end ${code}`),
    () => now,
  );
  ask(0);
  now += 999;
  ask(1);
  assert.deepEqual(done, [0]);
  now += 1;
  ask(1);
  assert.deepEqual(done, [0, "end 130"]);
});
