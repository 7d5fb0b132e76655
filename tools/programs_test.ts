import assert from "node:assert/strict";
import { ensurePrograms, type Host, installLine } from "./programs.ts";

/** A machine with these programs on it, where apt-get brings chromium and redis-server. */
function machine(present: string[], options: { root: boolean }): Host & { ran: string[] } {
  const programs = new Set(present);
  const ran: string[] = [];
  return {
    ran,
    os: "linux",
    has: (name) => Promise.resolve(programs.has(name)),
    isRoot: () => options.root,
    run(command, args) {
      ran.push([command, ...args].join(" "));
      for (const arg of args) programs.add(arg);
      return Promise.resolve(true);
    },
  };
}

Deno.test("programs: nothing is run when all are there", async () => {
  const host = machine(["redis-server"], { root: true });
  await ensurePrograms(["redis-server", "redis-server"], host);
  assert.deepEqual(host.ran, []);
});

Deno.test("programs: root on Debian gets what is missing installed", async () => {
  const host = machine(["apt-get", "redis-server"], { root: true });
  await ensurePrograms(["redis-server", "chromium"], host);
  assert.deepEqual(host.ran, [
    "apt-get update -q",
    "apt-get install -y -q --no-install-recommends chromium",
  ]);
});

Deno.test("programs: anybody else is told the line to run", async () => {
  const line = "sudo apt-get update && sudo apt-get install -y redis-server chromium";
  for (const host of [machine(["apt-get"], { root: false }), machine([], { root: true })]) {
    await assert.rejects(ensurePrograms(["redis-server", "chromium"], host), (error: Error) => {
      assert.ok(error.message.includes(line));
      return true;
    });
    assert.deepEqual(host.ran, []);
  }
  assert.equal(installLine(["redis-server"], { os: "darwin" }), "brew install redis");
});

Deno.test("programs: an installation that brings nothing is an error", async () => {
  const host = { ...machine(["apt-get"], { root: true }), run: () => Promise.resolve(false) };
  await assert.rejects(ensurePrograms(["chromium"], host), /could not install chromium/);
});
