import { z } from "zod";

/** What a million tokens cost from an instant on (ms since the epoch; 0 = ever since). */
export interface PriceVersion {
  from: number;
  input: number;
  output: number;
}

/** Versions by model, oldest first; `*` = any model that is not named. */
export type PriceTable = Record<string, PriceVersion[]>;

const amount = z.number().min(0).max(1e6);
const fields = { input: amount, output: amount };
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

const version = z.object({
  ...fields,
  /** A UTC day or an instant. */
  from: z.string().regex(DATE).transform((text) => Date.parse(text))
    .refine((at) => !Number.isNaN(at)).optional(),
}).transform(({ from = 0, ...price }): PriceVersion => ({ from, ...price }));

const versions = z.array(version).min(1).max(100).transform((list) =>
  list.toSorted((a, b) => a.from - b.from)
).refine((list) => list.every(({ from }, i) => i === 0 || from > list[i - 1]!.from));

/** One price for ever, or several, each with the day from which it holds. */
export const priceTable: z.ZodType<PriceTable> = z.record(
  z.string().min(1).max(200),
  z.union([versions, z.object(fields).transform((price) => [{ from: 0, ...price }])]),
);

/** A provider that is asked when those before it fail. */
export interface FallbackProvider {
  baseUrl: string;
  apiKey?: string;
  model: string;
  /** Absent: AI_PRICES holds for it too. */
  prices?: PriceTable;
}

const httpAddress = z.string().max(2_048).refine((value) => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "";
});

/** The chain behind AI_BASE_URL, in the order in which it is asked. */
export const fallbackProviders: z.ZodType<FallbackProvider[]> = z.array(z.strictObject({
  baseUrl: httpAddress,
  apiKey: z.string().min(1).max(4_096).optional(),
  model: z.string().min(1).max(200),
  prices: priceTable.optional(),
})).max(5);
