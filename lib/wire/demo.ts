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

/** What one can do to the demo. */
export const DEMO_ACTIONS = ["kill", "break-redis", "mend-redis"] as const;
export type DemoAction = typeof DEMO_ACTIONS[number];
