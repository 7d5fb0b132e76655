/** Virtual time one job takes up, in microseconds: 62,500 jobs a second before it outruns the clock. */
const STEP = 16;
/** Jobs that follow each other within this, in microseconds, may all wait for the same commit. */
const BURST = 1_000_000;
const MAX_KEYS = 10_000;

interface Level {
  /** Virtual time: the turn served last, or when jobs began to come after a quiet time. */
  served: number;
  /** The furthest turn given out. */
  last: number;
  /** When a turn was last given, microseconds of the clock. */
  assignedAt: number;
  /** The last turn given to each fair key. */
  latest: Map<string, number>;
}

/**
 * Gives every job its turn within its queue and priority: start-time fair queueing (Goyal, Vin and
 * Cheng, SIGCOMM 1996). Jobs of one key follow each other a step apart; a key that has nothing
 * waiting starts at the turn being served now. So one bot's 100,000 jobs stand behind another
 * bot's single one. Turns are microseconds of the clock while nothing piles up.
 */
export class FairOrder {
  readonly #levels = new Map<string, Level>();

  #level(queue: string, priority: number): Level {
    const name = queue + priority;
    let level = this.#levels.get(name);
    if (!level) {
      this.#levels.set(name, level = { served: 0, last: 0, assignedAt: 0, latest: new Map() });
    }
    return level;
  }

  /** The turn of a new job. `nowMs` is the clock's time, `backlogged` whether others wait. */
  assign(
    queue: string,
    priority: number,
    fairKey: string,
    nowMs: number,
    backlogged: boolean,
  ): number {
    const level = this.#level(queue, priority);
    const now = nowMs * 1000;
    // Turns ahead of the clock are a backlog that the database may not have heard of yet.
    const idle = !backlogged && level.last <= now;
    if (idle && now - level.assignedAt > BURST) level.served = Math.max(level.served, now);
    level.assignedAt = now;
    const from = idle ? Math.max(level.served, now) : level.served;
    const turn = Math.max(from, (level.latest.get(fairKey) ?? -STEP) + STEP);
    level.latest.set(fairKey, turn);
    level.last = Math.max(level.last, turn);
    if (level.latest.size > MAX_KEYS) this.#forget(level);
    return turn;
  }

  /** A job's turn has come. */
  serve(queue: string, priority: number, turn: number): void {
    const level = this.#level(queue, priority);
    level.served = Math.max(level.served, turn);
  }

  /** Virtual time: the turn up to which jobs have been served. */
  servedOf(queue: string, priority: number): number {
    return this.#level(queue, priority).served;
  }

  /** After a start: new jobs without a key line up behind the last one stored. */
  restore(queue: string, priority: number, last: number): void {
    const { latest } = this.#level(queue, priority);
    latest.set("", Math.max(latest.get("") ?? 0, last));
  }

  /** A job that is stored: those of its key that come later stand behind it. */
  stored(queue: string, priority: number, fairKey: string, turn: number): void {
    const level = this.#level(queue, priority);
    if (turn <= (level.latest.get(fairKey) ?? -1)) return;
    level.latest.set(fairKey, turn);
    if (level.latest.size > MAX_KEYS) this.#forget(level);
  }

  /** Keys whose turns are past say nothing any more; beyond that the oldest goes. */
  #forget(level: Level): void {
    for (const [key, turn] of level.latest) {
      if (turn <= level.served) level.latest.delete(key);
    }
    for (const key of level.latest.keys()) {
      if (level.latest.size <= MAX_KEYS / 2) break;
      if (key !== "") level.latest.delete(key);
    }
  }
}
