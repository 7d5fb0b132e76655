import type { DemoState } from "../../wire/demo.ts";

const HISTORY_KEPT = 12;

/** A demo in which nothing has happened. */
export function freshState(redis: DemoState["redis"]): DemoState {
  return {
    asked: 0,
    answered: 0,
    lost: 0,
    service: "running",
    redis,
    kills: 0,
    breaks: 0,
    history: [],
  };
}

/** Notes what was done, newest first; the oldest lines go. */
export function note(state: DemoState, line: string): void {
  state.history.unshift(`${new Date().toISOString().slice(11, 19)} UTC: ${line}`);
  state.history.length = Math.min(state.history.length, HISTORY_KEPT);
}
