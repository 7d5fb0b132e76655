import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
import { FakeClock } from "../clock.ts";
import type { Machine } from "./machine.ts";
import { SystemSampler } from "./system.ts";

function machine(overrides: Partial<Machine> = {}): Machine & { busyMs: number; totalMs: number } {
  const times = { busyMs: 300, totalMs: 1_000 };
  return Object.assign(times, {
    cpuTimes: () => ({ busyMs: times.busyMs, totalMs: times.totalMs }),
    memory: () => ({
      percent: 40,
      usedBytes: 400,
      totalBytes: 1_000,
      source: "container" as const,
    }),
    disk: () => Promise.resolve({ percent: 10, freeBytes: 900, totalBytes: 1_000 }),
    rssBytes: () => 123,
    ...overrides,
  });
}

Deno.test("the first sample is the machine's average since it started", async () => {
  const clock = new FakeClock();
  await using sampler = new SystemSampler({ dataDir: ".", clock, machine: machine() });
  assert.throws(() => sampler.latest(), /not been started/);
  await sampler.start();
  const sample = sampler.latest();
  assert.equal(sample.cpuPercent, 30);
  assert.equal(sample.diskFreeBytes, 900);
  assert.equal(sample.memorySource, "container");
});

Deno.test("CPU is measured since the sample before, and over the last minute", async () => {
  const clock = new FakeClock();
  const source = machine();
  await using sampler = new SystemSampler({ dataDir: ".", clock, machine: source });
  await sampler.start();
  const go = (busyMs: number) => {
    source.busyMs += busyMs;
    source.totalMs += 5_000;
    clock.advance(5_000);
  };
  for (let i = 0; i < 20; i++) go(0);
  for (let i = 0; i < 6; i++) go(5_000);
  assert.equal(sampler.latest().cpuPercent, 100);
  assert.equal(sampler.latest().cpuMinutePercent, 50);
});

Deno.test("a disk that hangs delays no sample and shows by its age", async () => {
  const clock = new FakeClock();
  let hang = false;
  const stuck = Promise.withResolvers<never>();
  const disk = () => hang ? stuck.promise : machine().disk("");
  const sampler = new SystemSampler({ dataDir: ".", clock, machine: machine({ disk }) });
  await sampler.start();
  hang = true;
  clock.advance(60_000);
  const { at, diskAt, diskFreeBytes } = sampler.latest();
  assert.equal(at - diskAt, 60_000);
  assert.equal(diskFreeBytes, 900);
  const closed = sampler.close();
  clock.advance(1_000);
  await closed;
});

Deno.test("the event loop's lag is the longest of the last 15 s, and then forgotten", async () => {
  const clock = new FakeClock();
  let drift = 0;
  const monotonicMs = () => clock.now() + drift;
  await using sampler = new SystemSampler({
    dataDir: ".",
    clock,
    machine: machine(),
    monotonicMs,
  });
  await sampler.start();
  clock.advance(5_000);
  assert.equal(sampler.latest().eventLoopLagMs, 0);
  drift += 700; // something kept the loop busy for so long
  clock.advance(5_000);
  assert.equal(sampler.latest().eventLoopLagMs, 700);
  clock.advance(20_000);
  assert.equal(sampler.latest().eventLoopLagMs, 0);
});

Deno.test("a blocked event loop is seen on the real clock, and closing leaves no timer", async () => {
  await using sampler = new SystemSampler({ dataDir: ".", everyMs: 20 });
  await sampler.start();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 900;
  while (performance.now() < until);
  await eventually(() => sampler.latest().eventLoopLagMs > 300, "the lag is seen");
});
