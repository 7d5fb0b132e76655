import type { TokenUsage } from "./responder.ts";

/** What a million tokens cost, by model; `*` holds for models that are not named. */
export type Prices = Record<string, { input: number; output: number }>;

/**
 * What a call cost, in millionths of the table's currency; undefined where the table does not say.
 * A price for a million tokens is the price of one token in millionths.
 */
export function costMicros(
  prices: Prices,
  model: string | undefined,
  tokens: TokenUsage | undefined,
): number | undefined {
  if (!tokens) return undefined;
  const found = (model !== undefined && Object.hasOwn(prices, model) ? prices[model] : undefined) ??
    prices["*"];
  if (!found) return undefined;
  return Math.round(tokens.prompt * found.input + tokens.completion * found.output);
}
