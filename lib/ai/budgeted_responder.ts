import type { Logger } from "../log.ts";
import type { Reply, Responder, ResponderRequest } from "./responder.ts";

export interface BudgetedOptions {
  /** Answers once a bot's budget of the day is spent. */
  fallback: Responder;
  /** In the price table's currency, for bots that set none of their own; 0 = no limit. */
  dailyBudget: number;
  spending: {
    /** Millionths spent today. */
    today(botId: string): Promise<number>;
    /** True for the first time today. */
    exhausted(botId: string): boolean;
  };
  log: Logger;
}

/**
 * Asks the model while the bot's budget of the day lasts, then the fallback until midnight UTC.
 * Calls under way when it runs out are still paid for.
 */
export class BudgetedResponder implements Responder {
  constructor(readonly inner: Responder, readonly options: BudgetedOptions) {}

  get name(): string {
    return this.inner.name;
  }

  get model(): string | null {
    return this.inner.model;
  }

  async respond(request: ResponderRequest): Promise<Reply> {
    const { fallback, dailyBudget, spending, log } = this.options;
    const { botId } = request.bot;
    const budget = request.bot.dailyBudget ?? dailyBudget;
    if (budget <= 0 || await spending.today(botId) < budget * 1e6) {
      return await this.inner.respond(request);
    }
    if (spending.exhausted(botId)) {
      log.warn("a bot's budget of the day is spent; the embedded responder answers", {
        bot: botId,
        budget,
      });
    }
    return { ...await fallback.respond(request), fallback: "budget" };
  }
}
