/** A question with its answer and other ways in which people put it. */
export interface DemoEntry {
  question: string;
  answer: string;
  /** Paraphrases: asked by the demo's people, not told to the bot. */
  asks: string[];
}

/** A bot of the demo, and how its people use it. */
export interface DemoBot {
  botId: string;
  name: string;
  instructions: string;
  entries: DemoEntry[];
  intents: { name: string; examples: string[]; answer: string }[];
  /** What people ask although the bot knows nothing about it. */
  beyond: string[];
  /** Conversations on a middling day, when the history begins. */
  conversationsPerDay: number;
  /** How busy each day is, from Monday on; 1 is middling. */
  week: [number, number, number, number, number, number, number];
  /** How busy each hour (UTC) is, from midnight on; only the proportions count. */
  day: number[];
}

/** The body of `PUT /bots/{bot_id}`. */
export function botDefinition(bot: DemoBot) {
  return {
    name: bot.name,
    instructions: bot.instructions,
    knowledge: bot.entries.map(({ question, answer }) => ({ question, answer })),
    intents: bot.intents,
  };
}

/** Twenty-four weights for a day with one or two rushes: hour of the peak and how high it is. */
export function dayWith(opens: number, closes: number, rushes: [number, number][]): number[] {
  return Array.from({ length: 24 }, (_, hour) => {
    const open = hour >= opens && hour < closes;
    const rush = rushes.reduce(
      (sum, [peak, height]) => sum + height * Math.exp(-((hour - peak) ** 2) / 4),
      0,
    );
    return (open ? 1 : 0.08) + (open ? rush : rush * 0.1);
  });
}
