import { AppError, messageOf } from "../errors.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { JobKind } from "./definition.ts";
import type { JobEngine } from "./engine.ts";
import type { EnqueueOptions } from "./enqueue_options.ts";
import type { EngineEvent } from "./events.ts";
import { sweepFlows } from "./flow_sweep.ts";
import { FLOW, flowKey, flowsPrefix } from "./keys.ts";
import { readJob } from "./store.ts";

/** One job of a flow. It runs once all the steps that it names have completed. */
export interface FlowStep {
  name: string;
  kind: JobKind<unknown>;
  payload: unknown;
  after: readonly string[];
  options: StepOptions;
}

export type StepOptions = Pick<
  EnqueueOptions,
  "priority" | "fairKey" | "maxAttempts" | "timeoutMs"
>;

type StepState = "waiting" | "queued" | "completed" | "failed" | "cancelled";

interface FlowRecord {
  createdAt: number;
  steps: { name: string; id: string; after: readonly string[]; state: StepState }[];
  /** Every step has ended. */
  endedAt?: number;
}

/** How far a flow is. */
export interface FlowView {
  id: string;
  createdAt: number;
  /** `failed` once a step did not complete: those that need it are cancelled then. */
  state: "running" | "completed" | "failed";
  steps: { name: string; id: string; after: readonly string[]; state: StepState }[];
}

const MAX_STEPS = 100;
/** Steps released in one atomic; with the flow's own that keeps to ten checks. */
const MAX_RELEASED = 8;
const MAX_TRIES = 100;

/** A step that runs when all of `after` have completed; at once when it names none. */
export function step<P>(
  name: string,
  kind: JobKind<P>,
  payload: P,
  options: StepOptions & { after?: readonly string[] } = {},
): FlowStep {
  const { after = [], ...rest } = options;
  return { name, kind: kind as JobKind<unknown>, payload, after, options: rest };
}

/** Steps that run one after the other: each but the first also waits for the one before it. */
export function chain(...steps: FlowStep[]): FlowStep[] {
  return steps.map((own, i) =>
    i === 0 ? own : { ...own, after: [...new Set([...own.after, steps[i - 1]!.name])] }
  );
}

/**
 * Jobs that wait for each other: chains, fan-out and fan-in. All are queued in one atomic, held until
 * what they wait for has completed, and each is released once, whatever is killed when. A step that
 * fails for good or is cancelled cancels those that need it, and no others.
 */
export class Flows {
  readonly #unsubscribe: () => void;

  constructor(readonly engine: JobEngine) {
    this.#unsubscribe = engine.events.subscribe((event) => this.#hear(event));
  }

  close(): void {
    this.#unsubscribe();
  }

  /**
   * Queues a flow and resolves with its id once all of it is durable. Throws AppError `invalid` for
   * steps that name unknown ones or themselves wait in a circle, and for payloads
   * that do not fit; `too_large` when the whole is above what one commit takes (800 KiB).
   */
  async enqueue(steps: readonly FlowStep[]): Promise<string> {
    checkSteps(steps);
    const { db, clock } = this.engine.options;
    const id = FLOW + crypto.randomUUID();
    const tx = new WriteSet().check(flowKey(id), null);
    const record: FlowRecord = { createdAt: clock.now(), steps: [] };
    for (const { name, kind, payload, after, options } of steps) {
      const held = after.length > 0 ? { heldBy: id } : {};
      const job = this.engine.prepare(tx, kind, payload, { ...options, ...held, batchId: id });
      record.steps.push({ name, id: job, after, state: after.length > 0 ? "waiting" : "queued" });
    }
    tx.set(flowKey(id), record);
    try {
      await db.commit(tx);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new AppError("too_large", `a flow is stored at once: ${messageOf(error, 200)}`);
    }
    return id;
  }

  /** How far a flow is, or null when there is none. */
  async get(id: string): Promise<FlowView | null> {
    const { value } = await this.engine.options.db.kv.get<FlowRecord>(flowKey(id));
    if (!value) return null;
    const { steps, createdAt, endedAt } = value;
    const ended = steps.every(({ state }) => state === "completed") ? "completed" : "failed";
    return { id, createdAt, steps, state: endedAt === undefined ? "running" : ended };
  }

  /** The result of a step that has completed, for the steps after it. Throws AppError `not_found`. */
  async result(id: string, name: string): Promise<unknown> {
    const step = (await this.get(id))?.steps.find((step) => step.name === name);
    const job = step && await this.engine.get(step.id);
    if (job?.state !== "completed") {
      throw new AppError("not_found", `${name} of ${id} has no result`);
    }
    return job.result;
  }

  /** Cancels every step that has not ended, running ones too. */
  async cancel(id: string, reason: string): Promise<void> {
    const flow = await this.get(id);
    // The last first, so that none is released while those before it are being cancelled.
    for (const step of flow?.steps.toReversed() ?? []) await this.#cancel(step.id, reason);
    await this.advance(id);
  }

  /** Releases and cancels what is due after what has ended so far. Does nothing the second time. */
  async advance(id: string): Promise<void> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      if (await this.#advance(id)) return;
    }
    throw new AppError("unavailable", `${id} is changing too fast`, { retryAfterSeconds: 1 });
  }

  /** After a start: goes on with flows whose step had ended just before the process did. */
  async recover(): Promise<void> {
    const flows = this.engine.options.db.kv.list<FlowRecord>({ prefix: flowsPrefix });
    for await (const { key, value } of flows) {
      if (value.endedAt === undefined) await this.advance(String(key.at(-1)));
    }
  }

  /** Forgets old flows, as the engine's own sweep does; see `sweepFlows`. */
  sweep(endedBefore: number): Promise<number> {
    return sweepFlows(this.engine.options.db, endedBefore);
  }

  /** One step of progress; true when there is nothing more to do for now. */
  async #advance(id: string): Promise<boolean> {
    const { db, clock } = this.engine.options;
    const entry = await db.kv.get<FlowRecord>(flowKey(id));
    if (!entry.value || entry.value.endedAt !== undefined) return true;
    const steps = entry.value.steps.map((step) => ({ ...step }));
    let changed = false;
    for (const step of steps) {
      if (hasEnded(step.state)) continue;
      // One that is gone was discarded, or kept too short: nobody can say that it completed.
      const job = (await readJob(db.kv, step.id))?.record ?? { state: "cancelled" as const };
      if (!hasEnded(job.state)) continue;
      step.state = job.state as StepState;
      changed = true;
    }
    const states = new Map(steps.map(({ name, state }) => [name, state]));
    const waiting = steps.filter(({ state }) => state === "waiting");
    const lost = waiting.filter(({ after }) => after.some((name) => isLost(states.get(name)!)));
    const due = waiting.filter(({ after }) => after.every((n) => states.get(n) === "completed"));
    const tx = new WriteSet().check(entry.key, entry.versionstamp);
    for (const step of due.slice(0, MAX_RELEASED)) {
      await this.engine.release(tx, step.id);
      step.state = "queued";
      changed = true;
    }
    for (const { id, after } of lost) {
      const why = after.find((name) => isLost(states.get(name)!));
      await this.#cancel(id, `the step before it, ${why}, did not complete`);
    }
    const record: FlowRecord = { ...entry.value, steps };
    if (steps.every(({ state }) => hasEnded(state))) record.endedAt = clock.now();
    if (!changed) return lost.length === 0;
    const committed = await db.commit(tx.set(entry.key, record));
    return committed && lost.length === 0 && due.length <= MAX_RELEASED;
  }

  async #cancel(id: string, reason: string): Promise<void> {
    try {
      await this.engine.cancel(id, reason);
    } catch (error) {
      const over = error instanceof AppError && ["conflict", "not_found"].includes(error.code);
      if (!over) throw error; // otherwise it has ended already
    }
  }

  #hear(event: EngineEvent): void {
    if (!("batchId" in event) || !event.batchId?.startsWith(FLOW) || !hasEnded(event.state)) return;
    this.advance(event.batchId).catch((error) => {
      this.engine.options.log.error("a flow could not go on", { flow: event.batchId, error });
    });
  }
}

const hasEnded = (state: string) => ["completed", "failed", "cancelled"].includes(state);
const isLost = (state: StepState) => state === "failed" || state === "cancelled";

function checkSteps(steps: readonly FlowStep[]): void {
  if (steps.length === 0 || steps.length > MAX_STEPS) {
    throw new AppError("invalid", `a flow has 1 to ${MAX_STEPS} steps`);
  }
  const names = new Set(steps.map(({ name }) => name));
  if (names.size < steps.length) throw new AppError("invalid", "two steps have the same name");
  const placed = new Set<string>();
  let left = [...steps];
  while (left.length > 0) {
    const next = left.filter(({ after }) => !after.every((name) => placed.has(name)));
    if (next.length === left.length) {
      const { name, after } = next[0]!;
      const unknown = after.find((name) => !names.has(name));
      throw new AppError(
        "invalid",
        unknown ? `${name} waits for ${unknown}, which is no step` : `${name} waits in a circle`,
      );
    }
    for (const step of left) if (!next.includes(step)) placed.add(step.name);
    left = next;
  }
}
