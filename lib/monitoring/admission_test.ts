import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { Admission } from "./admission.ts";
import type { SystemSource } from "./system.ts";

function admission(backlogLimit: number, diskFreeBytes = 10): Admission {
  const system = { latest: () => ({ diskFreeBytes }) } as unknown as SystemSource;
  const clock = new FakeClock(0);
  const waiting = () => Promise.resolve(0);
  return new Admission({ clock, system, waiting, backlogLimit, diskReserveBytes: 5 });
}

const overloaded = (error: unknown) => error instanceof AppError && error.code === "overloaded";

Deno.test("what is above the backlog's limit is refused, high priority a tenth later", () => {
  const gate = admission(20);
  gate.admit(19);
  gate.admit(1, 5);
  assert.throws(() => gate.admit(1), overloaded);
  assert.throws(() => gate.admit(1, 2), overloaded);
  gate.admit(1, 1);
  gate.admit(1, 0);
  assert.throws(() => gate.admit(1, 1), overloaded);
});

Deno.test("a full disk refuses high priority, too", () => {
  assert.throws(() => admission(0, 4).admit(1, 0), overloaded);
});
