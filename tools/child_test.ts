import assert from "node:assert/strict";
import { eventually } from "../tests/support/eventually.ts";
import { runChild } from "./child.ts";

Deno.test("child: lines are passed on and its success is told", async () => {
  const lines: string[] = [];
  const ended = await runChild("bash", ["-c", "echo one; printf two"], {
    limitMs: 60_000,
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(ended, { success: true, timedOut: false });
  assert.deepEqual(lines, ["one", "two"]);
  assert.equal((await runChild("bash", ["-c", "exit 3"], { limitMs: 60_000 })).success, false);
});

Deno.test("child: what it started ends with it, after its limit and after its end", async () => {
  const pids: number[] = [];
  const onLine = (line: string) => void pids.push(Number(line));
  // Where a shell takes longer to begin, it gets more time.
  for (let limitMs = 300; pids.length === 0; limitMs *= 2) {
    const late = await runChild("bash", ["-c", "sleep 600 & echo $!; wait"], { limitMs, onLine });
    assert.deepEqual(late, { success: false, timedOut: true });
  }
  const early = await runChild("bash", ["-c", "sleep 600 >&2 & echo $!"], {
    limitMs: 60_000,
    onLine,
  });
  assert.deepEqual(early, { success: true, timedOut: false });
  assert.equal(pids.length, 2);
  for (const pid of pids) {
    // A killed process can stay in the table until it is reaped, but takes no more signals' effect.
    await eventually(async () => {
      const { stdout } = await new Deno.Command("bash", {
        args: ["-c", `ps -o stat= -p ${pid} || true`],
      }).output();
      return /^(Z.*)?\s*$/.test(new TextDecoder().decode(stdout));
    }, `process ${pid} ends`);
  }
});
