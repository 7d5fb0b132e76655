import type { PriceTable } from "../config/prices.ts";
import type { TokenUsage } from "./responder.ts";

/** What a million tokens cost, by model, each from an instant on; `*` holds for all others. */
export type Prices = PriceTable;

/**
 * What a call cost, in millionths of the table's currency, at the price that holds `at` (ms since
 * the epoch); undefined where the table does not say. A price for a million tokens is the price of
 * one token in millionths.
 */
export function costMicros(
  prices: Prices,
  model: string | undefined,
  tokens: TokenUsage | undefined,
  at: number,
): number | undefined {
  if (!tokens) return undefined;
  const versions =
    (model !== undefined && Object.hasOwn(prices, model) ? prices[model] : undefined) ??
      prices["*"];
  const price = versions?.findLast(({ from }) => from <= at);
  if (!price) return undefined;
  return Math.round(tokens.prompt * price.input + tokens.completion * price.output);
}
