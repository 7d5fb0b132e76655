import type { Clock } from "../clock.ts";
import { counterValue } from "../kv/counter.ts";
import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import type { WriteSet } from "../kv/write_set.ts";

const DAY_MS = 86_400_000;
const PREFIX: Deno.KvKey = ["bots", "spent"];
const keyOf = (day: number, botId: string): Deno.KvKey => [...PREFIX, day, botId];

/** What each bot's answers cost on each UTC day, in millionths of the price table's currency. */
export class Spending {
  readonly #overBudget = new Map<string, number>();

  constructor(readonly options: { db: Database; clock: Clock }) {}

  /** What a bot has cost today. */
  async today(botId: string): Promise<number> {
    const { value } = await this.options.db.kv.get<Deno.KvU64>(keyOf(this.#day(), botId));
    return counterValue(value);
  }

  /** Adds a cost to the commit of the answer that caused it. */
  add(tx: WriteSet, botId: string, micros: number): void {
    tx.sum(keyOf(this.#day(), botId), micros);
  }

  /** Notes that a bot's budget of today is spent; true for the first time today. */
  exhausted(botId: string): boolean {
    const day = this.#day();
    for (const [id, since] of this.#overBudget) if (since < day) this.#overBudget.delete(id);
    if (this.#overBudget.get(botId) === day) return false;
    this.#overBudget.set(botId, day);
    return true;
  }

  /** Bots that this process has answered beyond their budget today. */
  overBudget(): string[] {
    const day = this.#day();
    return [...this.#overBudget].filter(([, since]) => since === day).map(([id]) => id);
  }

  /** Forgets days before the last 40; returns how many records that were. */
  sweep(): Promise<number> {
    return sweepBefore(this.options.db, PREFIX, this.#day() - 40);
  }

  #day(): number {
    return Math.floor(this.options.clock.now() / DAY_MS);
  }
}
