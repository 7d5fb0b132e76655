import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Id, markedCursor, nameCursor, pageSize, words } from "./text.ts";

const CacheScope = z.enum(["shared", "user", "off"]);
const MAX_ANSWER = 16_000;
/** Stored and given word for word, so what takes two UTF-16 code units counts as two. */
const Answer = words(1, MAX_ANSWER).refine((text) => text.length <= MAX_ANSWER, {
  error: `must have at most ${MAX_ANSWER} characters, an emoji counting as two`,
});
const Entry = z.object({ question: words(1, 2_000), answer: Answer });
const Intent = z.object({
  name: Id,
  examples: z.array(words(1, 2_000)).max(50_000),
  answer: Answer,
});

export const BotInput = z.object({
  name: words(1, 200),
  instructions: words(0, 64_000).nullish(),
  model: words(1, 200).nullish(),
  cache: CacheScope.nullish(),
  cache_ttl_seconds: z.int().min(1).max(86_400).nullish(),
  daily_budget: z.number().min(0).max(1e9).nullish().openapi({
    description: "what its answers by a model may cost a UTC day, in the currency of AI_PRICES",
  }),
  knowledge: z.array(Entry).max(20_000).nullish(),
  intents: z.array(Intent).max(2_000).nullish(),
}).openapi("BotInput", {
  example: {
    name: "Shop",
    knowledge: [{ question: "When do you open?", answer: "At nine, every day." }],
  },
});
export type BotInput = z.infer<typeof BotInput>;

const Classifier = z.object({ status: z.string(), version: Count });

export const Bot = z.object({
  bot_id: z.string(),
  name: z.string(),
  defined: z.boolean(),
  version: Count,
  instructions: z.string().optional(),
  model: z.string().optional(),
  cache: CacheScope.optional(),
  cache_ttl_seconds: Count.optional(),
  daily_budget: z.number().optional(),
  knowledge: z.array(Entry),
  intents: z.array(Intent),
  classifier: Classifier,
}).openapi("Bot");
export const BotAnswer = success({ bot: Bot });

export const BotRow = Bot.omit({
  knowledge: true,
  intents: true,
  instructions: true,
  cache_ttl_seconds: true,
  daily_budget: true,
}).extend({
  knowledge_count: Count,
  intent_count: Count,
}).openapi("BotRow");
const CURSOR_MARK = "bot";
/** Where the page after this bot's begins. */
export const botCursor = (botId: string): string => markedCursor(CURSOR_MARK, botId);
export const BotDeleted = success({ bot_id: z.string(), deleted: z.boolean() });
export const BotsQuery = z.object({
  limit: pageSize(200, 100),
  cursor: nameCursor(CURSOR_MARK).optional(),
});
export const BotList = success({ bots: z.array(BotRow), next_cursor: z.string().optional() });
