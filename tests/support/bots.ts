import type { BotDefinition, ResponderRequest } from "../../lib/ai/responder.ts";

/** A small shop's bot, with whatever a test wants different. */
export function shopBot(changes: Partial<BotDefinition> = {}): BotDefinition {
  return {
    botId: "shop",
    name: "Shop",
    defined: true,
    version: 1,
    cache: undefined,
    knowledge: [
      { question: "What are your opening hours?", answer: "We are open from 9 to 18." },
      { question: "Where is your shop?\nWhat is the address?", answer: "Main Street 1." },
      { question: "How can I return an item?", answer: "Send it back within 30 days." },
    ],
    intents: [
      { name: "greet", examples: ["hello", "hi", "good morning"], answer: "Hello!" },
    ],
    ...changes,
  };
}

/** A request as a worker would make it. */
export function requestOf(
  bot: BotDefinition,
  message: string,
  changes: Partial<ResponderRequest> = {},
): ResponderRequest {
  return {
    bot,
    message,
    conversationId: "conversation-1",
    userId: "user-1",
    history: [],
    signal: new AbortController().signal,
    ...changes,
  };
}

const THINGS =
  ("card account loan transfer password invoice parcel voucher ticket flight hotel table bicycle " +
    "subscription printer router camera phone battery charger").split(" ");
const WISHES = {
  lost: ["I lost my {}", "my {} is gone", "cannot find my {} anywhere", "somebody stole my {}"],
  order: ["I want to order a {}", "get me a new {}", "buy another {} please", "order one more {}"],
  cancel: ["cancel my {}", "I no longer want the {}", "stop my {} now", "please undo the {}"],
  price: ["what does a {} cost", "price of a {}", "how expensive is the {}", "fee for a {}"],
};

/** A bot of 80 intents with 16 examples each: large enough to be trained in a worker. */
export function largeBot(changes: Partial<BotDefinition> = {}): BotDefinition {
  const intents = THINGS.flatMap((thing) =>
    Object.entries(WISHES).map(([wish, templates]) => ({
      name: `${wish}_${thing}`,
      answer: `About ${wish} ${thing}.`,
      examples: templates.flatMap((template) => {
        const text = template.replace("{}", thing);
        return [text, `hello, ${text}`, `${text}, what now?`, `well ${text} today`];
      }),
    }))
  );
  return shopBot({ botId: "large", knowledge: [], intents, ...changes });
}
