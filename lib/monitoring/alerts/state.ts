/** The life of an alert as a table: no clock, no database, nothing but what was and what is seen. */

/**
 * `ok` nothing is wrong · `pending` wrong, but not for long enough · `firing` raised · `clearing`
 * raised, well again, but not for long enough.
 */
export type AlertPhase = "ok" | "pending" | "firing" | "clearing";

/**
 * What an evaluation saw: past the threshold, between it and the one that clears (hysteresis), well,
 * or nothing that could be measured.
 */
export type AlertSignal = "bad" | "near" | "good" | "unknown";

/** Raising waits in `pending` for the hold time, resolving in `clearing` for the clear time. */
export const TRANSITIONS: Record<AlertPhase, Record<AlertSignal, AlertPhase>> = {
  ok: { bad: "pending", near: "ok", good: "ok", unknown: "ok" },
  pending: { bad: "pending", near: "ok", good: "ok", unknown: "pending" },
  firing: { bad: "firing", near: "firing", good: "clearing", unknown: "firing" },
  clearing: { bad: "firing", near: "firing", good: "clearing", unknown: "clearing" },
};

/** Where an alert stands. Instants in milliseconds UTC. */
export interface AlertState {
  phase: AlertPhase;
  /** When it came into this phase. */
  since: number;
  /** When it was raised; null while it is not. */
  raisedAt: number | null;
  /** When it was last resolved. */
  resolvedAt: number | null;
  /** Whether people were told that it is raised; they are told once. */
  told: boolean;
  acknowledged: { by: string; at: number } | null;
  silenced: { by: string; at: number; until: number; reason: string } | null;
}

export interface AlertTimes {
  holdMs: number;
  clearMs: number;
}

/** What has to be done about a step. */
export type AlertChange = "raised" | "resolved" | null;

export interface AlertStep {
  state: AlertState;
  change: AlertChange;
  /** Whether people outside are to be told of the raise or of the resolution now. */
  tell: AlertChange;
}

/** An alert that was never evaluated. */
export const quiet = (now: number): AlertState => ({
  phase: "ok",
  since: now,
  raisedAt: null,
  resolvedAt: null,
  told: false,
  acknowledged: null,
  silenced: null,
});

export const isRaised = ({ phase }: Pick<AlertState, "phase">): boolean =>
  phase === "firing" || phase === "clearing";

/**
 * The next state of an alert. It is raised once and resolved once; whoever was not told of a raise,
 * because it was silenced then, is told when the silence ends and it is still raised, and is told of
 * a resolution only after having been told of the raise.
 */
export function step(
  before: AlertState,
  signal: AlertSignal,
  now: number,
  times: AlertTimes,
): AlertStep {
  const state = { ...before };
  if (state.silenced && state.silenced.until <= now) state.silenced = null;
  const next = TRANSITIONS[state.phase][signal];
  if (next !== state.phase) {
    state.phase = next;
    state.since = now;
  }
  let change: AlertChange = null;
  // A clock that was set back must not hold an alert for ever.
  const inPhaseMs = Math.abs(now - state.since);
  if (state.phase === "pending" && signal === "bad" && inPhaseMs >= times.holdMs) {
    Object.assign(state, { phase: "firing", since: now, raisedAt: now, told: false });
    state.acknowledged = null;
    change = "raised";
  } else if (state.phase === "clearing" && signal === "good" && inPhaseMs >= times.clearMs) {
    Object.assign(state, { phase: "ok", since: now, raisedAt: null, resolvedAt: now });
    state.acknowledged = null;
    change = "resolved";
  }
  let tell: AlertChange = null;
  if (change === "resolved") {
    if (state.told && !state.silenced) tell = "resolved";
    state.told = false;
  } else if (isRaised(state) && !state.told && !state.silenced) {
    tell = "raised";
    state.told = true;
  }
  return { state, change, tell };
}
