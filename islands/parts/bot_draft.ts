import type { Bot, BotInput } from "../../lib/wire/bots.ts";

/** What PUT takes, with its lists there. */
export type Draft = BotInput & {
  knowledge: NonNullable<BotInput["knowledge"]>;
  intents: NonNullable<BotInput["intents"]>;
};

/** A bot as it is sent back; one that nobody defined begins with its id as its name. */
export function toInput(botId: string, bot: Bot | null): Draft {
  return {
    name: bot?.name ?? botId,
    ...(bot?.instructions ? { instructions: bot.instructions } : {}),
    ...(bot?.model ? { model: bot.model } : {}),
    ...(bot?.cache ? { cache: bot.cache } : {}),
    knowledge: bot?.knowledge ?? [],
    intents: bot?.intents ?? [],
  };
}

/** Positions of the entries that contain a text; all for "". */
export function matching(texts: string[], wanted: string): number[] {
  const text = wanted.trim().toLowerCase();
  return texts.flatMap((one, at) => !text || one.toLowerCase().includes(text) ? [at] : []);
}
