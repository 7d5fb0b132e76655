import type { Services } from "../lib/services.ts";
import { WorkWindows } from "../lib/jobs/work_windows.ts";

/** How long one tick works: the platform skips the next one while this one goes on. */
const WORK_MS = 50_000;

/** What a service does where nothing goes on between requests: all of it when it is woken. */
export class Ticks {
  readonly #services: Services;
  readonly #windows: WorkWindows;

  constructor(services: Services) {
    this.#services = services;
    const { engine, clock, log } = services;
    this.#windows = new WorkWindows({ engine, clock, log });
  }

  /** Brings the schedules, works off what is due for up to 50 s, and judges the alerts. */
  async tick(): Promise<void> {
    const { scheduler, alerts, heartbeat } = this.#services;
    await scheduler.bring();
    await Promise.all([this.#windows.work(WORK_MS), alerts.evaluate(), heartbeat?.beat()]);
  }

  /** Gives back what this process holds; resolves when nothing of it runs any more. */
  close(): Promise<void> {
    return this.#windows.close();
  }
}
