import assert from "node:assert/strict";
import { join } from "node:path";
import { counterValue } from "../../../lib/kv/counter.ts";
import type { JobRecord } from "../../../lib/jobs/job.ts";
import { allRunsPrefix } from "../../../lib/jobs/keys.ts";

import { recount } from "../../../lib/jobs/recount.ts";
import { readJob } from "../../../lib/jobs/store.ts";
import { madeKey, type WorkerOrder } from "./order.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What all trials together have seen; printed at the end. */
export const tally = {
  faults: 0,
  jobs: 0,
  lost: 0,
  doubled: 0,
  worstRecoveryMs: 0,
  worstHangMs: 0,
};

/** Kinds that count their end by `settle`, however they end. */
const SETTLING = new Set(["hopeless", "endless", "exits"]);

/** One database folder that worker processes come and go on, and what must hold in the end. */
export class Trial implements AsyncDisposable {
  readonly path: string;
  readonly #processes: WorkerProcess[] = [];
  #started = 0;

  constructor(readonly order: Omit<WorkerOrder, "path" | "worker">, readonly folder?: string) {
    const dir = folder ?? Deno.makeTempDirSync({ prefix: "jobs-crash-" });
    this.path = join(dir, "kv.sqlite");
  }

  /** Starts the next worker process. */
  start(extra: Partial<WorkerOrder> = {}): WorkerProcess {
    const worker = `w${++this.#started}`;
    const process = new WorkerProcess({ ...this.order, ...extra, path: this.path, worker });
    this.#processes.push(process);
    return process;
  }

  /** A worker hung; another one has ended a job of its queue so long after its lease. */
  hung(ms: number): void {
    tally.worstHangMs = Math.max(tally.worstHangMs, ms - this.order.leaseMs!);
  }

  /** A fault was put in. */
  fault(): void {
    tally.faults++;
  }

  /** Lets a process that nothing disturbs end the work and stop, then checks everything. */
  async finish(process = this.start()): Promise<Findings> {
    await process.told("drained");
    process.signal("SIGTERM");
    await process.told("stopped");
    await process.ended;
    return await this.verify();
  }

  /** Reads the database that nobody uses any more. */
  async verify(): Promise<Findings> {
    for (const process of this.#processes) {
      await process.ended;
      assert.deepEqual(process.said("called again"), [], "a remembered call is not made again");
      // One that shares the file has nothing to do before the other falls silent.
      if (process.recoveryMs !== null && this.order.leaseMs === undefined) {
        tally.worstRecoveryMs = Math.max(tally.worstRecoveryMs, process.recoveryMs);
      }
    }
    const kv = await Deno.openKv(this.path);
    try {
      const findings = await inspect(kv, this.order.jobs);
      tally.jobs += findings.jobs;
      tally.lost += findings.lost.length;
      tally.doubled += findings.doubled.length;
      assert.deepEqual(findings.lost, [], "no job is lost");
      assert.deepEqual(findings.doubled, [], "no effect happened twice");
      assert.deepEqual((await recount(kv)).differences, [], "counters equal a recount");
      const markers = await Array.fromAsync(kv.list({ prefix: allRunsPrefix }));
      assert.deepEqual(markers, [], "no run marker is left");
      return findings;
    } finally {
      kv.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.kill();
    if (!this.folder) await Deno.remove(join(this.path, ".."), { recursive: true });
  }
}

export interface Findings {
  jobs: number;
  /** Jobs that were never made, are gone, have not ended, or ended without their effect. */
  lost: string[];
  doubled: string[];
  states: Record<string, number>;
  /** Dead letters because the process died too often while they ran. */
  crashed: JobRecord[];
  records: JobRecord[];
}

async function inspect(kv: Deno.Kv, jobs: number): Promise<Findings> {
  const findings: Findings = {
    jobs: 0,
    lost: [],
    doubled: [],
    states: {},
    crashed: [],
    records: [],
  };
  const done = new Map<number, number>();
  for await (const { key, value } of kv.list({ prefix: ["done"] })) {
    done.set(Number(key[1]), counterValue(value));
  }
  for (let n = 0; n < jobs; n++) {
    if ((await kv.get(madeKey(n))).value === null) findings.lost.push(`${n} was never queued`);
  }
  for await (const { key, value: id } of kv.list<string>({ prefix: ["made"] })) {
    const n = Number(key[1]);
    const record = (await readJob(kv, id))?.record;
    findings.jobs++;
    if (!record) {
      findings.lost.push(`${n} is gone`);
      continue;
    }
    findings.records.push(record);
    findings.states[record.state] = (findings.states[record.state] ?? 0) + 1;
    const crashed = record.state === "failed" && record.errors?.at(-1)?.code === "crashed";
    if (crashed) findings.crashed.push(record);
    const expected = record.state === "completed" || SETTLING.has(record.kind) ? 1 : 0;
    const count = done.get(n) ?? 0;
    if (record.finishedAt === undefined) findings.lost.push(`${n} is still ${record.state}`);
    else if (count < expected) findings.lost.push(`${n} (${record.state}) had no effect`);
    else if (count > expected) findings.doubled.push(`${n} (${record.state}): ${count} effects`);
  }
  return findings;
}
