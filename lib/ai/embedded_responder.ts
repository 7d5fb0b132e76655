import { type Clock, systemClock } from "../clock.ts";
import { type Logger, silentLogger } from "../log.ts";
import { BotModels, type ClassifierStatus } from "./embedded/bot_models.ts";
import type { ModelStore } from "./embedded/model_files.ts";
import { normaliseText } from "./embedded/text.ts";
import { Trainer } from "./embedded/trainer.ts";
import {
  assertAnswerable,
  type BotDefinition,
  type CacheableResponder,
  type Reply,
  type ResponderRequest,
} from "./responder.ts";
import { loadSignalReader, type Signals } from "./signals.ts";

export interface EmbeddedResponderOptions {
  clock?: Clock;
  log?: Logger;
  /** Memory for trained bots; the least recently used beyond it are trained again when asked. */
  maxModelBytes?: number;
  /** Where trained bots outlive the process; without it they are trained after every start. */
  models?: ModelStore;
  /** The version of a bot that holds now; 0 for one that nobody defined. */
  versionOf?: (botId: string) => Promise<number>;
  /** False where there are no Web Workers to train bots in. */
  threads?: boolean;
  /** How long a request waits for its bot's training before it fails as retryable. */
  trainingWaitMs?: number;
  /** Whether replies carry language and sentiment (some 80 MB of word lists). */
  signals?: boolean;
}

/** What a reply says that knows no answer. */
export const UNKNOWN_ANSWER = "I am sorry, I do not know the answer to that.";

/**
 * Answers out of what the bot's owner wrote, word for word: the answer of the knowledge entry or
 * intent that matches best, or that it does not know. Needs nothing but this process.
 */
export class EmbeddedResponder implements CacheableResponder {
  readonly name = "embedded";
  readonly model = null;
  readonly variant = "embedded-2";
  readonly defaultPolicy = "shared";
  readonly usesHistory = false;
  readonly #trainer: Trainer;
  readonly #models: BotModels;
  readonly #signals: boolean;

  constructor(options: EmbeddedResponderOptions = {}) {
    const clock = options.clock ?? systemClock;
    const log = options.log ?? silentLogger;
    this.#trainer = new Trainer({ clock, log, threads: options.threads });
    this.#models = new BotModels({
      trainer: this.#trainer,
      store: options.models,
      versionOf: options.versionOf,
      clock,
      log,
      maxBytes: options.maxModelBytes ?? 256 * 1024 * 1024,
      waitMs: options.trainingWaitMs ?? 30_000,
    });
    this.#signals = options.signals ?? true;
  }

  /** Starts training the bot, so that its first message need not wait. */
  prepare(bot: BotDefinition): void {
    if (hasTopics(bot)) this.#models.prepare(bot);
  }

  /** Forgets all that was trained of a bot, whose definition was deleted before. */
  forget(botId: string): Promise<void> {
    return this.#models.forget(botId);
  }

  /** How far the training of this version of the bot is in this process; `none` = not begun. */
  status(bot: Pick<BotDefinition, "botId" | "version">): ClassifierStatus {
    return this.#models.status(bot);
  }

  /** Which of some messages this version of the bot answers; null until it is trained. */
  async answers(bot: BotDefinition, messages: string[]): Promise<boolean[] | null> {
    if (!hasTopics(bot)) return messages.map(() => false);
    if (this.status(bot) !== "ready") {
      this.prepare(bot);
      return null;
    }
    const model = await this.#models.ready(bot, new AbortController().signal);
    return messages.map((message) => model.answers(model.match(message)));
  }

  keyText(message: string): string {
    return normaliseText(message);
  }

  async respond(request: ResponderRequest): Promise<Reply> {
    assertAnswerable(request);
    const startedAt = performance.now();
    const { bot, message } = request;
    const signals: Partial<Signals> = this.#signals ? (await loadSignalReader())(message) : {};
    const model = hasTopics(bot) ? await this.#models.ready(bot, request.signal) : null;
    const match = model?.match(message) ?? null;
    const topic = model && match ? model.topics.topic(match.topic) : null;
    const answers = model?.answers(match) ?? false;
    return {
      response: answers ? topic!.answer : UNKNOWN_ANSWER,
      source: answers ? topic!.kind : "none",
      intent: topic?.intent ?? null,
      score: match?.score ?? 0,
      ...(match && {
        matched: { entry: match.utterance.entry, question: match.utterance.text },
      }),
      ...(model && model.version !== bot.version && { botVersion: model.version }),
      latencyMs: performance.now() - startedAt,
      cached: false,
      ...signals,
    };
  }

  /** Ends the training worker and forgets all models. */
  close(): void {
    this.#trainer.close();
    this.#models.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function hasTopics(bot: BotDefinition): boolean {
  return bot.knowledge.length > 0 || bot.intents.length > 0;
}
