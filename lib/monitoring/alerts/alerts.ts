import { type Clock, systemClock } from "../../clock.ts";
import { conflict, messageOf, notFound } from "../../errors.ts";
import type { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import type { Logger } from "../../log.ts";
import { within } from "../deadline.ts";
import type { AlertRule, AlertSeverity } from "./rule.ts";
import { signalOf } from "./rule.ts";
import { type AlertChange, type AlertState, isRaised, quiet, step } from "./state.ts";

/** An alert as people see it. */
export interface AlertView extends AlertState {
  name: string;
  title: string;
  severity: AlertSeverity;
  raised: boolean;
  /** The latest figure, and in a sentence; null before it could be measured. */
  value: number | null;
  detail: string | null;
  threshold: number;
  /** Path of its section in the runbook. */
  runbook: string;
}

/** Tells people outside, in the atomic that records the state. */
export type TellAlert = (
  tx: WriteSet,
  change: Exclude<AlertChange, null>,
  alert: AlertView,
) => void;

export interface AlertsOptions<Inputs> {
  db: Database;
  log: Logger;
  rules: AlertRule<Inputs>[];
  /** Reads everything that the rules judge by. */
  inputs(): Promise<Inputs>;
  tell: TellAlert;
  clock?: Clock;
  everyMs?: number;
}

const EVERY_MS = 30_000;
const INPUTS_TIMEOUT_MS = 10_000;
const MAX_TRIES = 5;

const keyOf = (name: string): Deno.KvKey => ["alerts", name];

/**
 * Evaluates every alert each 30 s between `start` and `close`. Where each stands is in KV, so a
 * restart neither raises nor resolves anything a second time.
 */
export class Alerts<Inputs> {
  readonly #options: Required<AlertsOptions<Inputs>>;
  readonly #rules: Map<string, AlertRule<Inputs>>;
  readonly #seen = new Map<string, { value: number; detail: string }>();
  readonly #listeners = new Set<(change: AlertChange, alert: AlertView) => void>();
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: AlertsOptions<Inputs>) {
    this.#options = { clock: systemClock, everyMs: EVERY_MS, ...options };
    this.#rules = new Map(options.rules.map((rule) => [rule.name, rule]));
  }

  /** Evaluates at once and then on the timer. */
  start(): void {
    this.#schedule(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#running;
  }

  /** Calls `listener` after each raise, resolution, silence and acknowledgement (null). */
  subscribe(listener: (change: AlertChange, alert: AlertView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Judges every alert by the figures of now; calls do not overlap. */
  evaluate(): Promise<void> {
    return this.#running = this.#running.then(() => this.#evaluate());
  }

  /** All alerts: those that are raised first, the most urgent of them first. */
  async list(): Promise<AlertView[]> {
    const names = [...this.#rules.keys()];
    const states = new Map<string, AlertState>();
    for await (
      const { key, value } of this.#options.db.kv.list<AlertState>({ prefix: ["alerts"] })
    ) {
      states.set(key[1] as string, value);
    }
    const rank: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 };
    const now = this.#options.clock.now();
    return names.map((name) => this.#view(name, states.get(name) ?? quiet(now)))
      .sort((a, b) => Number(b.raised) - Number(a.raised) || rank[a.severity] - rank[b.severity]);
  }

  /** Says that somebody has seen it. AppError `not_found`, or `conflict` while it is not raised. */
  acknowledge(name: string, by: string): Promise<AlertView> {
    return this.#change(name, (state, now) => {
      if (!isRaised(state)) throw conflict(`The alert ${name} is not raised.`);
      return { ...state, acknowledged: state.acknowledged ?? { by, at: now } };
    });
  }

  /** Tells nobody of it for `ms`; 0 ends a silence. It is evaluated and shown all the same. */
  silence(name: string, ms: number, by: string, reason: string): Promise<AlertView> {
    return this.#change(name, (state, now) => ({
      ...state,
      silenced: ms > 0 ? { by, at: now, until: now + ms, reason } : null,
    }));
  }

  #schedule(delayMs: number): void {
    const { clock, everyMs } = this.#options;
    this.#cancel = clock.after(delayMs, () => {
      void this.evaluate().finally(() => this.#closed || this.#schedule(everyMs));
    });
  }

  async #evaluate(): Promise<void> {
    const { log, clock } = this.#options;
    let inputs: Inputs;
    try {
      inputs = await within(() => this.#options.inputs(), INPUTS_TIMEOUT_MS, clock);
    } catch (error) {
      log.warn("alerts could not be evaluated", { error: messageOf(error) });
      return;
    }
    for (const rule of this.#rules.values()) {
      try {
        await this.#judge(rule, inputs);
      } catch (error) {
        log.error("an alert could not be evaluated", { alert: rule.name, error });
      }
    }
  }

  async #judge(rule: AlertRule<Inputs>, inputs: Inputs): Promise<void> {
    const { db, clock, tell, log } = this.#options;
    const { name } = rule;
    const value = rule.read(inputs);
    if (value !== null) this.#seen.set(name, { value, detail: rule.say(value, inputs) });
    const signal = signalOf(rule, value);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await db.kv.get<AlertState>(keyOf(name));
      const now = clock.now();
      const before = entry.value ?? quiet(now);
      const next = step(before, signal, now, rule);
      if (same(before, next.state)) return;
      const view = this.#view(name, next.state);
      const tx = new WriteSet().check(keyOf(name), entry.versionstamp).set(keyOf(name), next.state);
      if (next.tell) tell(tx, next.tell, view);
      if (!await db.commit(tx)) continue; // acknowledged or silenced at this moment
      if (next.change) {
        log.warn(`alert ${next.change}`, { alert: name, detail: view.detail });
        this.#notify(next.change, view);
      }
      return;
    }
  }

  async #change(
    name: string,
    change: (state: AlertState, now: number) => AlertState,
  ): Promise<AlertView> {
    const { db, clock } = this.#options;
    if (!this.#rules.has(name)) throw notFound(`There is no alert named ${name}.`);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await db.kv.get<AlertState>(keyOf(name));
      const state = change(entry.value ?? quiet(clock.now()), clock.now());
      const tx = new WriteSet().check(keyOf(name), entry.versionstamp).set(keyOf(name), state);
      if (!await db.commit(tx)) continue;
      const view = this.#view(name, state);
      this.#notify(null, view);
      return view;
    }
    throw conflict(`The alert ${name} is being changed by others; try again.`);
  }

  #notify(change: AlertChange, alert: AlertView): void {
    for (const listener of this.#listeners) listener(change, alert);
  }

  #view(name: string, state: AlertState): AlertView {
    const { title, severity, raiseAt } = this.#rules.get(name)!;
    const seen = this.#seen.get(name);
    const expired = state.silenced !== null && state.silenced.until <= this.#options.clock.now();
    return {
      ...state,
      silenced: expired ? null : state.silenced,
      name,
      title,
      severity,
      raised: isRaised(state),
      value: seen?.value ?? null,
      detail: seen?.detail ?? null,
      threshold: raiseAt,
      runbook: runbookOf(name),
    };
  }
}

/** The path of an alert's section in the runbook. */
export function runbookOf(alert: string): string {
  return `/docs/runbook#alert-${alert.replaceAll("_", "-")}`;
}

function same(a: AlertState, b: AlertState): boolean {
  return a.phase === b.phase && a.told === b.told && a.silenced === b.silenced;
}
