import assert from "node:assert/strict";
import fc from "fast-check";
import { cpuPercent, diskReading, memoryReading, thisMachine } from "./machine.ts";

Deno.test("CPU is the busy share of the time between two readings", () => {
  const at = (busyMs: number, totalMs: number) => ({ busyMs, totalMs });
  assert.equal(cpuPercent(at(100, 1_000), at(150, 1_100)), 50);
  assert.equal(cpuPercent(at(100, 1_000), at(100, 1_000)), 0);
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, c, d) => {
    const percent = cpuPercent(at(a, b), at(c, d));
    assert.ok(percent >= 0 && percent <= 100);
  }));
});

Deno.test("memory is measured against the container's limit where there is one", () => {
  const host = { total: 1_000, available: 400 };
  const contained = memoryReading(200, 50, host);
  assert.deepEqual(contained, {
    percent: 25,
    usedBytes: 50,
    totalBytes: 200,
    source: "container",
  });
  const onHost = { percent: 60, usedBytes: 600, totalBytes: 1_000, source: "host" };
  assert.deepEqual(memoryReading(0, 50, host), onHost);
  assert.deepEqual(memoryReading(9_223_372_036_854_772_000, 50, host), onHost);
});

Deno.test("disk leaves out what is reserved for root", () => {
  const disk = diskReading({ bsize: 10, blocks: 100, bfree: 60, bavail: 40 });
  assert.deepEqual(disk, { percent: 50, freeBytes: 400, totalBytes: 1_000 });
});

Deno.test("this machine gives figures that can be true, and the ones that df gives", async () => {
  const memory = thisMachine.memory();
  assert.ok(memory.percent > 0 && memory.percent <= 100);
  assert.ok(thisMachine.rssBytes() > 1e6 && thisMachine.rssBytes() < memory.totalBytes);
  const before = thisMachine.cpuTimes();
  const until = performance.now() + 200;
  let spin = 0;
  while (performance.now() < until) spin++;
  assert.ok(spin > 0);
  assert.ok(cpuPercent(before, thisMachine.cpuTimes()) > 0);

  const disk = await thisMachine.disk(".");
  const { stdout } = await new Deno.Command("df", { args: ["-B1", "--output=size,avail", "."] })
    .output();
  const [size, free] = new TextDecoder().decode(stdout).trim().split("\n")[1]!.trim().split(/\s+/)
    .map(Number);
  assert.equal(disk.totalBytes, size);
  assert.ok(Math.abs(disk.freeBytes - free!) < 1e9);
});
