import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createLogger, type Logger, silentLogger } from "../log.ts";
import { Admission } from "./admission.ts";
import type { SystemSource } from "./system.ts";

function admission(
  backlogLimit: number,
  diskFreeBytes = 10,
  { clock = new FakeClock(0), log = silentLogger }: { clock?: FakeClock; log?: Logger } = {},
): Admission {
  const system = { latest: () => ({ diskFreeBytes }) } as unknown as SystemSource;
  const waiting = () => Promise.resolve(0);
  return new Admission({ clock, log, system, waiting, backlogLimit, diskReserveBytes: 5 });
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

Deno.test("upkeep is taken above the limit for high priority, but not without end", () => {
  const gate = admission(20);
  gate.admit(22, 0);
  gate.admit(999, "upkeep");
  gate.admit(1, "upkeep");
  assert.throws(() => gate.admit(1, "upkeep"), overloaded);
  assert.throws(() => admission(0, 4).admit(1, "upkeep"), overloaded);
});

Deno.test("a full disk refuses high priority, too", () => {
  assert.throws(() => admission(0, 4).admit(1, 0), overloaded);
});

Deno.test("a thousand refusals are three lines of the log", async () => {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    format: "json",
    write: (line) => void lines.push(line),
  });
  const clock = new FakeClock(0);
  const gate = admission(1, 10, { clock, log });
  gate.start();
  gate.admit(1);
  const pass = async (ms: number) => {
    for (let waited = 0; waited < ms; waited += 500) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
      try {
        gate.admit(2);
      } catch { /* that is what is counted */ }
    }
  };
  await pass(61_000);
  for (let waited = 0; waited < 12_000; waited += 500) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  gate.close();
  const told = lines.map((line) => JSON.parse(line));
  assert.deepEqual(told.map(({ level, message }) => `${level}: ${message}`), [
    "warn: new tasks are refused",
    "warn: new tasks are still refused",
    "info: new tasks are taken again",
  ]);
  assert.equal(told[2].refused, 122);
});
