import { sleep } from "../../clock.ts";
import type { ApiClient } from "../api_client.ts";
import { ask } from "../ask.ts";
import type { DemoBot } from "./demo_bot.ts";
import { anyQuestion, satisfaction } from "./history.ts";
import type { People } from "./people.ts";
import type { Random } from "./random.ts";

/** How gentle the traffic is. Times in milliseconds, as [shortest, longest]. */
export interface LiveTrafficOptions {
  bots: DemoBot[];
  people: People;
  random: Random;
  /** Distinguishes the conversations of this run from those of others. */
  run: string;
  signal: AbortSignal;
  /** Conversations that are held at once and without pauses before the gentle part begins. */
  opening: number;
  /** Between the starts of two conversations. */
  pauseMs: [number, number];
  /** Between an answer and the user's next message. */
  thinkMs: [number, number];
  /** A question is about to be asked. */
  onQuestion?: () => void;
  onAnswer?: (source: string) => void;
  onFailure?: (reason: string) => void;
}

const MAX_AT_ONCE = 12;
const NO_TIME: [number, number] = [0, 0];
const SCORED_SHARE = 0.4;
const PATIENCE_MS = 60_000;

/** Lets the demo's people talk to its bots until the signal aborts; returns when all are done. */
export async function liveTraffic(api: ApiClient, options: LiveTrafficOptions): Promise<void> {
  const { bots, random, signal, pauseMs, run } = options;
  const weights = bots.map((bot) => bot.conversationsPerDay);
  const underWay = new Set<Promise<void>>();
  const quiet = (error: unknown) => {
    if (!signal.aborted) options.onFailure?.(String(error));
  };
  for (let number = 1; !signal.aborted; number++) {
    if (underWay.size >= MAX_AT_ONCE) await Promise.race(underWay);
    const rushed = number <= options.opening;
    const pace = rushed ? { ...options, thinkMs: NO_TIME } : options;
    const talk = converse(api, random.weighted(bots, weights), `live-${run}-${number}`, pace)
      .catch(quiet).finally(() => underWay.delete(talk));
    underWay.add(talk);
    if (!rushed) await sleep(random.between(...pauseMs), signal).catch(() => {});
  }
  await Promise.all(underWay);
}

async function converse(
  api: ApiClient,
  bot: DemoBot,
  conversationId: string,
  options: LiveTrafficOptions,
): Promise<void> {
  const { people, random, signal, thinkMs } = options;
  const userId = people.someone(bot.botId);
  const turns = random.weighted([1, 2, 3], [5, 3, 2]);
  let unanswered = 0;
  for (let turn = 1; turn <= turns; turn++) {
    if (turn > 1) await sleep(random.between(...thinkMs), signal);
    const { question: message } = anyQuestion(bot, random);
    const key = `${conversationId}-${turn}`;
    const question = { conversationId, botId: bot.botId, userId, message, key };
    options.onQuestion?.();
    const answer = await ask(api, question, { signal, patienceMs: PATIENCE_MS });
    if (answer.outcome === "failed") return options.onFailure?.(answer.reason);
    if (answer.source === "none") unanswered++;
    options.onAnswer?.(answer.source);
  }
  if (!random.chance(SCORED_SHARE)) return;
  const path = `/conversations/${encodeURIComponent(conversationId)}/feedback`;
  const body = { satisfaction_score: satisfaction(unanswered, random) };
  // Whoever meets an outage now goes without giving a score; the question has been answered.
  await api.request("POST", path, { body, signal }).catch(() => {});
}
