import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { randomFor, rounds, seed } from "../support/randomness.ts";
import { FAILPOINTS } from "./jobs/failpoints.ts";
import { tally, Trial } from "./jobs/trial.ts";
import type { WorkerProcess } from "./jobs/worker_process.ts";

function faultTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `jobs: ${name}`,
    sanitizeOps: true,
    sanitizeResources: true,
    fn,
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Points that a process comes by again and again; by the others perhaps once. */
const OFTEN = /^(enqueue|claim|remember|outcome|perform|effects)/;

faultTest("SIGKILL at every point at which the engine waits", async () => {
  const random = randomFor("failpoints");
  // A few in each run, but always those around the outcome of an attempt.
  const some = FAILPOINTS.filter((name) => name.startsWith("outcome")).concat(
    Array.from({ length: 4 }, () => FAILPOINTS[random.between(0, FAILPOINTS.length - 1)]!),
  );
  const never: string[] = [];
  for (const failpoint of rounds(0, 1) ? FAILPOINTS : new Set(some)) {
    await using trial = new Trial({ jobs: 100 });
    // The second start has something to recover, and the greater part still to queue.
    const first = trial.start({ jobs: 30, slowMs: 60_000, concurrency: 3 });
    await first.told("full");
    await first.kill();
    const skip = OFTEN.test(failpoint) ? random.between(0, 3) : 0;
    const struck = trial.start({ failpoint, skip });
    const end = failpoint.startsWith("end");
    const drained = struck.told("drained").then(() => struck.signal("SIGTERM"));
    await Promise.race([struck.ended, drained.catch(() => {})]);
    const { signal } = await struck.ended;
    if (signal === "SIGKILL") trial.fault();
    else if (!end) never.push(failpoint);
    if (end && signal !== "SIGKILL") {
      const again = trial.start({ failpoint });
      await again.told("ready");
      again.signal("SIGTERM");
      assert.equal((await again.ended).signal, "SIGKILL", `${failpoint} is reached on stopping`);
      trial.fault();
    }
    await trial.finish();
  }
  assert.deepEqual(never, [], "each is reached");
});

faultTest("SIGKILL at any moment under load", async () => {
  const random = randomFor("kills");
  const kills = rounds(5, 200);
  await using trial = new Trial({ jobs: 400 * kills, concurrency: 50 });
  for (let i = 0; i < kills; i++) {
    const process = trial.start();
    if (random.between(0, 3) > 0) await process.told("ready");
    await pause(random.between(0, 500));
    await process.kill();
    trial.fault();
  }
  const { crashed, states } = await trial.finish();
  console.log(`  ${JSON.stringify(states)}, dead by being on board three times: ${crashed.length}`);
});

faultTest("large payloads on board of a process that dies do not stop the next", async () => {
  await using trial = new Trial({
    jobs: 150,
    only: "slow",
    slowMs: 400,
    paddingBytes: 40_000,
    concurrency: 100,
  });
  const process = trial.start({ slowMs: 60_000 });
  await process.told("full");
  await process.kill();
  trial.fault();
  const next = trial.start();
  assert.ok(Number((await next.told("ready")).interrupted) >= 100);
  await trial.finish(next);
});

faultTest(
  "SIGSTOP, another process takes over, SIGCONT: the stale one commits nothing",
  async () => {
    for (let i = 0; i < rounds(2, 12); i++) {
      await using trial = new Trial({ jobs: 600, only: "slow", slowMs: 30 });
      const stale = trial.start();
      await stale.told("first");
      const next = await takeOver(trial, stale);
      trial.fault();
      stale.signal("SIGCONT");
      await stale.told("lost");
      await stale.ended;
      const { records } = await trial.finish(next);
      assert.ok(records.every((record) => record.state === "completed"));
    }
  },
);

faultTest(
  "SIGSTOP past the lease, SIGCONT: a worker beside it goes on, the stale one ends",
  async () => {
    for (let i = 0; i < rounds(1, 8); i++) {
      await using trial = new Trial({ jobs: 400, only: "slow", slowMs: 30, leaseMs: 3_000 });
      // Slow enough to be in the middle of them when the other one is ready.
      const stale = trial.start({ slowMs: 2_000 });
      await stale.told("full");
      const beside = trial.start();
      await beside.told("ready");
      await stop(trial, stale);
      const stoppedAt = performance.now();
      trial.fault();
      await beside.told("first");
      trial.hung(performance.now() - stoppedAt);
      stale.signal("SIGCONT");
      await stale.told("lost");
      const { records } = await trial.finish(beside);
      assert.ok(records.every((record) => record.state === "completed"));
    }
  },
);

/** Stops a worker, and starts its successor. */
async function takeOver(trial: Trial, stale: WorkerProcess): Promise<WorkerProcess> {
  await stop(trial, stale);
  const next = trial.start();
  await next.told("ready");
  return next;
}

/** Stops a worker at a moment at which it holds none of SQLite's locks. */
async function stop(trial: Trial, worker: WorkerProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    worker.signal("SIGSTOP");
    const other = new DatabaseSync(trial.path);
    try {
      other.exec("PRAGMA busy_timeout = 20; BEGIN IMMEDIATE; ROLLBACK");
      const { busy } = other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
      if (busy !== 0) throw new Error("it reads, or writes the log back");
      return;
    } catch {
      worker.signal("SIGCONT");
      await pause(3);
    } finally {
      other.close();
    }
  }
  throw new Error("the stopped process holds the file's lock again and again");
}

faultTest("a handler that exits the process becomes a dead letter after three", async () => {
  await using trial = new Trial({ jobs: 41, only: "exits", concurrency: 4 });
  let exits = 0;
  for (;;) {
    const process = trial.start();
    const drained = process.told("drained").then(() => true, () => false);
    if (await drained) {
      await trial.finish(process);
      break;
    }
    assert.equal((await process.ended).code, 7);
    trial.fault();
    assert.ok(++exits <= 9, "three killers, three crashes each");
  }
  const { crashed, states } = await trial.verify();
  assert.equal(crashed.filter((record) => record.kind === "exits").length, 3);
  assert.ok(exits >= 3);
  console.log(`  ${exits} exits, ${crashed.length - 3} bystanders, ${JSON.stringify(states)}`);
});

faultTest("shutdown in the middle spends no attempt and counts no crash", async () => {
  const random = randomFor("shutdown");
  await using trial = new Trial({ jobs: 800, only: "slow", slowMs: 60, graceMs: 20 });
  for (let i = 0; i < rounds(3, 40); i++) {
    const process = trial.start();
    await process.told("ready");
    await pause(random.between(0, 150));
    process.signal("SIGTERM");
    await process.told("stopped");
    trial.fault();
  }
  const { records } = await trial.finish();
  assert.deepEqual(records.filter((r) => r.crashes || r.attempt || r.state !== "completed"), []);
});

faultTest("the file is locked by another program for two seconds", async () => {
  await using trial = new Trial({ jobs: 2_000 });
  const process = trial.start();
  await process.told("first");
  const other = new DatabaseSync(trial.path);
  other.exec("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE");
  trial.fault();
  await pause(2_000);
  other.exec("COMMIT");
  other.close();
  await trial.finish(process);
});

faultTest("the disk is full for a while", async () => {
  await using disk = await smallDisk();
  await using trial = new Trial({ jobs: 4_000, paddingBytes: 500 }, disk.folder);
  const process = trial.start();
  await process.told("refused");
  trial.fault();
  await pause(500);
  await disk.free();
  await process.told("drained");
  await trial.finish(process);
});

/** A file system of 9 MB, most of it taken; `free` gives that back. */
async function smallDisk() {
  const folder = await Deno.makeTempDir({ prefix: "jobs-disk-" });
  await command("mount", "-t", "tmpfs", "-o", "size=24m", "none", folder);
  await Deno.writeFile(`${folder}/ballast`, new Uint8Array(20 << 20));
  return {
    folder,
    free: () => Deno.remove(`${folder}/ballast`),
    async [Symbol.asyncDispose]() {
      await command("umount", folder);
      await Deno.remove(folder);
    },
  };
}

async function command(name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
}

faultTest("summary", () => {
  const { faults, jobs, lost, doubled, worstRecoveryMs, worstHangMs } = tally;
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  console.log(
    `  seed ${seed}: ${faults} faults injected, ${jobs} jobs run, ${lost} lost, ` +
      `${doubled} doubled, worst recovery ${seconds(worstRecoveryMs)} s after a start, ` +
      `${seconds(worstHangMs)} s after the lease of one that hung`,
  );
  assert.deepEqual([lost, doubled], [0, 0]);
  assert.ok(faults > 10);
  return Promise.resolve();
});
