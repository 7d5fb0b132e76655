import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import {
  BotAnswer,
  botCursor,
  BotDeleted,
  BotInput,
  BotList,
  BotsQuery,
} from "../../lib/wire/schemas/bots.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { BotView } from "../deps.ts";
import type { ApiBuilder } from "./operation.ts";

const BotId = z.object({ bot_id: Id });
const UNTRAINED = { status: "none", version: 0 };

/** Bots: what they know and how they answer. */
export function addBots(api: ApiBuilder): void {
  const { bots } = api.deps;
  const unknown = () => notFound("There is no such bot.");

  api.add({
    route: "GET /bots",
    tag: "Bots",
    summary: "Every bot, those that nobody defined too",
    query: BotsQuery,
    answer: BotList,
    async handle({ query }) {
      const page = await bots.list(query.cursor, query.limit);
      return {
        bots: page.bots.map((bot) => ({
          ...common(bot),
          knowledge_count: bot.knowledgeCount,
          intent_count: bot.intentCount,
        })),
        ...(page.nextCursor === undefined ? {} : { next_cursor: botCursor(page.nextCursor) }),
      };
    },
  });

  api.add({
    route: "GET /bots/{bot_id}",
    tag: "Bots",
    summary: "One bot",
    params: BotId,
    unknown,
    answer: BotAnswer,
    async handle({ params: { bot_id } }) {
      const bot = await bots.get(bot_id);
      if (!bot) throw unknown();
      return { bot: shown(bot) };
    },
  });

  api.add({
    route: "PUT /bots/{bot_id}",
    tag: "Bots",
    summary: "Define a bot, or define it anew",
    params: BotId,
    creates: true,
    body: BotInput,
    statuses: [409],
    answer: BotAnswer,
    async handle({ params: { bot_id }, body }) {
      const bot = await bots.put(bot_id, {
        name: body.name,
        ...(body.instructions ? { instructions: body.instructions } : {}),
        ...(body.model ? { model: body.model } : {}),
        ...(body.cache ? { cache: body.cache } : {}),
        ...(body.cache_ttl_seconds ? { cacheTtlSeconds: body.cache_ttl_seconds } : {}),
        ...(body.daily_budget == null ? {} : { dailyBudget: body.daily_budget }),
        knowledge: body.knowledge ?? [],
        intents: body.intents ?? [],
      });
      return { bot: shown(bot) };
    },
  });

  api.add({
    route: "DELETE /bots/{bot_id}",
    tag: "Bots",
    summary: "Delete a bot's definition and what it knows",
    description: "Conversations and figures stay; the bot then is as one that nobody defined. " +
      "A message that is being answered is answered by what the bot knew, one that waits by what " +
      "it knows then. Defined again, its versions go on, so that no cached answer comes back.",
    params: BotId,
    answer: BotDeleted,
    async handle({ params: { bot_id }, audit }) {
      return { bot_id, deleted: await bots.delete(bot_id, audit) };
    },
  });
}

function common(bot: Omit<BotView, "knowledge" | "intents">) {
  return {
    bot_id: bot.botId,
    name: bot.name,
    defined: bot.defined,
    version: bot.version,
    ...(bot.model === undefined ? {} : { model: bot.model }),
    ...(bot.cache === undefined ? {} : { cache: bot.cache }),
    classifier: bot.classifier ?? UNTRAINED,
  };
}

function shown(bot: BotView) {
  return {
    ...common(bot),
    ...(bot.instructions === undefined ? {} : { instructions: bot.instructions }),
    ...(bot.cacheTtlSeconds === undefined ? {} : { cache_ttl_seconds: bot.cacheTtlSeconds }),
    ...(bot.dailyBudget === undefined ? {} : { daily_budget: bot.dailyBudget }),
    knowledge: bot.knowledge,
    intents: bot.intents,
  };
}
