/** What the demo has counted and done. Questions are counted outside the service, which may die. */
export interface DemoState {
  asked: number;
  answered: number;
  /** Questions whose asker gave up, or was told that there will be no answer. */
  lost: number;
  service: "running" | "starting";
  redis: "none" | "running" | "broken";
  kills: number;
  breaks: number;
  /** What was done to it, newest first. */
  history: string[];
}

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
