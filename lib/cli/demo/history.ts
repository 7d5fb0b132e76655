import type { DemoBot } from "./demo_bot.ts";
import type { People } from "./people.ts";
import type { Random } from "./random.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Of a hundred questions, how many the bot cannot answer. */
const BEYOND_SHARE = 0.08;
const FAILED_SHARE = 0.007;
const SCORED_SHARE = 0.4;
const UNKNOWN = "I am sorry, I do not know that. The colleagues on the phone can help.";

interface Message {
  role: "user" | "assistant";
  content: string;
  at: string;
}

/** What a history is made of. Both instants in milliseconds since the epoch. */
export interface HistoryOptions {
  bots: DemoBot[];
  /** Midnight UTC of the first day. */
  from: number;
  /** Conversations start before this instant. */
  until: number;
  people: People;
  random: Random;
}

/**
 * Finished conversations in the import format, a line each, day by day: busier towards the end,
 * with the rushes of each bot's week and day, people who come back, and one evening when half the
 * city had no internet.
 */
export function* demoHistory(options: HistoryOptions): Generator<string> {
  const { bots, from, until, random } = options;
  const days = Math.ceil((until - from) / DAY_MS);
  for (let day = 0; day < days; day++) {
    const midnight = from + day * DAY_MS;
    for (const bot of bots) {
      const weekday = (new Date(midnight).getUTCDay() + 6) % 7;
      const growth = 0.8 + (0.4 * day) / days;
      const outage = bot === busiest(bots) && day === Math.floor(days * 0.6) ? 3 : 1;
      const mean = bot.conversationsPerDay * bot.week[weekday]! * growth * outage;
      const count = Math.round(mean * (0.8 + 0.4 * random.next()));
      const starts = Array.from({ length: count }, () => midnight + timeOfDay(bot, random));
      for (const [index, startedAt] of starts.sort((a, b) => a - b).entries()) {
        const line = conversation(bot, day, index, startedAt, options);
        if (startedAt < until) yield line;
      }
    }
  }
}

function busiest(bots: DemoBot[]): DemoBot {
  return bots.reduce((a, b) => b.conversationsPerDay > a.conversationsPerDay ? b : a);
}

function timeOfDay(bot: DemoBot, random: Random): number {
  const hour = random.weighted([...bot.day.keys()], bot.day);
  return (hour * 3_600 + random.between(0, 3_599)) * 1_000;
}

function conversation(
  bot: DemoBot,
  day: number,
  index: number,
  startedAt: number,
  { people, random }: HistoryOptions,
): string {
  let at = startedAt;
  const messages: Message[] = [];
  const say = (role: Message["role"], content: string) => {
    messages.push({ role, content, at: new Date(at).toISOString() });
    at += role === "user" ? random.between(700, 3_500) : random.between(8_000, 90_000);
  };
  const exchange = (question: string, answer: string) => {
    say("user", question);
    say("assistant", answer);
  };
  if (random.chance(0.3)) intent(bot, "greeting", random, exchange);
  let unanswered = 0;
  for (let left = random.weighted([1, 2, 3, 4], [5, 3, 1.5, 0.5]); left > 0; left--) {
    const { question, answer } = anyQuestion(bot, random);
    if (answer === null) unanswered++;
    exchange(question, answer ?? UNKNOWN);
  }
  if (random.chance(0.35)) intent(bot, "thanks", random, exchange);
  const failed = random.chance(FAILED_SHARE);
  if (failed) messages.pop();
  const scored = !failed && random.chance(SCORED_SHARE);
  const date = new Date(startedAt).toISOString().slice(0, 10);
  return JSON.stringify({
    conversation_id: `${bot.botId}-${date}-${day}-${index + 1}`,
    user_id: people.someone(bot.botId),
    bot_id: bot.botId,
    bot_name: bot.name,
    status: failed ? "failed" : "completed",
    satisfaction_score: scored ? satisfaction(unanswered, random) : null,
    messages,
  });
}

function intent(
  bot: DemoBot,
  name: string,
  random: Random,
  exchange: (question: string, answer: string) => void,
): void {
  const found = bot.intents.find((candidate) => candidate.name === name);
  if (found) exchange(random.pick(found.examples), found.answer);
}

/** A question that somebody may ask this bot; its answer is null when the bot cannot know it. */
export function anyQuestion(
  bot: DemoBot,
  random: Random,
): { question: string; answer: string | null } {
  if (random.chance(BEYOND_SHARE)) return { question: random.pick(bot.beyond), answer: null };
  // As everywhere, a few questions are asked over and over, most often in the plainest words.
  const entry = random.weighted(bot.entries, bot.entries.map((_, rank) => (rank + 1) ** -1.2));
  const phrases = [entry.question, ...entry.asks];
  const question = random.weighted(phrases, phrases.map((_, index) => index === 0 ? 4 : 1));
  return { question, answer: entry.answer };
}

/** How a person scores a conversation (1–5) in which this many questions stayed unanswered. */
export function satisfaction(unanswered: number, random: Random): number {
  if (unanswered === 0) return random.weighted([5, 4, 3, 2], [55, 33, 9, 3]);
  return random.weighted([4, 3, 2, 1], [15, 35, 35, 15]);
}
