import { bakery } from "../../lib/cli/demo/bots/bakery.ts";
import type { HttpServer } from "../peers/servers.ts";

/** What answers: the service's own responder, or a model that takes 200 ms. */
export type Responder = "embedded" | "model";

export const TURNS_AT_ONCE = 64;

/** A service that answers turns, as the bench sees it. */
export interface Subject extends AsyncDisposable {
  name: string;
  address: { hostname: string; port: number };
  /** Processes whose memory counts, each with what it started. */
  pids: number[];
  /** Where its data lies on disk. */
  folder: string;
  /** The request that queues a turn, and the one that also waits for its answer. */
  queue(id: string, high?: boolean): string;
  ask(id: string, high?: boolean): string;
  /** Asks how a turn ended. */
  status(id: string): string;
  /** When it was answered, by the answer to `status` or `ask`; null while it is not. */
  answeredAt(body: string): number | null;
  /** Requests that its dashboard makes. */
  dashboard: string[];
}

/** The bot that everyone answers for, in the shape of `PUT /bots`. */
export const BOT = {
  name: bakery.name,
  cache: "off",
  intents: bakery.entries.map(({ question, answer, asks }) => ({
    name: question,
    examples: [question, ...asks],
    answer,
  })),
};
export const BOT_ID = bakery.botId;

const QUESTIONS = BOT.intents.flatMap(({ examples }) => examples);
let asked = 0;

/** One of the bot's questions, never the same text twice. */
export function nextQuestion(): string {
  const number = asked++;
  return `${QUESTIONS[number % QUESTIONS.length]} (${number})`;
}

export const portOf = (server: HttpServer): number => Number(new URL(server.url).port);
