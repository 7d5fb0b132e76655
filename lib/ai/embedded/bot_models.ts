import { createHash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";
import { type BotDefinition, MAX_BOT_BYTES, orAborted, ResponderError } from "../responder.ts";
import { Classifier } from "./classifier.ts";
import type { ModelStore } from "./model_files.ts";
import { bytesOf, type TrainedBot } from "./trained_bot.ts";
import { Topics, type Utterance } from "./topics.ts";
import { isQuick, type Trainer } from "./trainer.ts";

/** What of a bot matches a message best. */
export interface Match {
  /** A topic's number. */
  topic: number;
  utterance: Utterance;
  score: number;
}

export type ClassifierStatus = "none" | "training" | "ready" | "failed";

/** A bot that is ready to answer. */
export class BotModel {
  /** Of the bot. */
  readonly version: number;
  readonly topics: Topics;
  readonly classifier: Classifier;
  /** Estimate of the memory held. */
  readonly bytes: number;

  constructor(bot: BotDefinition, readonly fingerprint: string, readonly trained: TrainedBot) {
    this.version = bot.version;
    this.topics = new Topics(bot, trained.index);
    this.classifier = new Classifier(trained.classifier);
    this.bytes = bytesOf(trained) + trained.index.entryOf.length * 150 + 2_000;
  }

  get threshold(): number {
    return this.classifier.data.threshold;
  }

  /** The best match, however weak; null where nothing of the message is known. */
  match(message: string): Match | null {
    const exact = this.topics.exact(message);
    if (exact) return { ...exact, score: 1 };
    const { best, score } = this.classifier.classify(message);
    if (best < 0) return null;
    return { topic: best, utterance: this.topics.nearest(best, message), score };
  }

  /** Whether a match is good enough for an answer. */
  answers(match: Match | null): boolean {
    return match !== null && match.score >= this.threshold;
  }
}

interface Slot {
  botId: string;
  ready: Promise<BotModel>;
  /** Resolves when it turns out that the bot must be trained, which takes a while. */
  slow: Promise<void>;
  model?: BotModel;
  /** When training failed, by the clock. */
  failedAt?: number;
}

export interface BotModelsOptions {
  trainer: Trainer;
  /** Keeps what took long to train. */
  store?: ModelStore;
  /** The version of the bot that holds now: nothing is kept of another one. */
  versionOf?: (botId: string) => Promise<number>;
  clock: Clock;
  log: Logger;
  maxBytes: number;
  waitMs: number;
}

/** A failed training is tried again after this long. */
const RETRY_FAILED_MS = 10_000;
/** Bots held at most, whatever their size. */
const MAX_BOTS = 10_000;

/** The bots that can answer now, by id and version; the least recently used are forgotten. */
export class BotModels {
  readonly #slots = new Map<string, Slot>();
  readonly #options: BotModelsOptions;

  constructor(options: BotModelsOptions) {
    this.#options = options;
  }

  /**
   * The bot's model. While a new version is being trained, that is the latest one trained before;
   * where there is none, its own is waited for. Rejects with a retryable ResponderError when that
   * takes longer than `waitMs`, and with the signal's reason when that aborts.
   */
  async ready(bot: BotDefinition, signal: AbortSignal): Promise<BotModel> {
    const slot = this.#slot(bot);
    if (slot.model) return slot.model;
    let cancel = () => {};
    const timeout = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.after(this.#options.waitMs, () =>
        reject(
          new ResponderError({
            retryable: true,
            unasked: "training",
            retryAfterMs: 2_000,
            reason: "The bot's classifier is still being trained",
          }),
        ));
    });
    const known = Promise.race([slot.ready.catch(() => {}), slot.slow]);
    const ready = known.then(() => slot.model ?? this.#earlier(bot) ?? slot.ready);
    try {
      return await orAborted(Promise.race([ready, timeout]), signal);
    } finally {
      cancel();
    }
  }

  /** Starts training where needed, without waiting. */
  prepare(bot: BotDefinition): void {
    this.#slot(bot);
  }

  status(bot: Pick<BotDefinition, "botId" | "version">): ClassifierStatus {
    const slot = this.#slots.get(keyOf(bot));
    if (!slot) return "none";
    return slot.model ? "ready" : slot.failedAt === undefined ? "training" : "failed";
  }

  /** Forgets every version of a bot that was deleted, here and where models are kept. */
  async forget(botId: string): Promise<void> {
    for (const [key, slot] of this.#slots) if (slot.botId === botId) this.#slots.delete(key);
    await this.#options.store?.remove(botId);
  }

  close(): void {
    this.#slots.clear();
  }

  #slot(bot: BotDefinition): Slot {
    const key = keyOf(bot);
    let slot = this.#slots.get(key);
    if (slot) this.#slots.delete(key);
    const stale = slot?.failedAt !== undefined &&
      this.#options.clock.now() - slot.failedAt >= RETRY_FAILED_MS;
    if (!slot || stale) slot = this.#train(bot);
    this.#slots.set(key, slot);
    return slot;
  }

  /** The newest of the bot's other versions that can answer. */
  #earlier({ botId, version, since = 0 }: BotDefinition): BotModel | undefined {
    let found: BotModel | undefined;
    for (const { botId: id, model } of this.#slots.values()) {
      if (id !== botId || !model || model.version >= version || model.version < since) continue;
      if (!found || model.version > found.version) found = model;
    }
    return found;
  }

  #train(bot: BotDefinition): Slot {
    const slow = Promise.withResolvers<void>();
    const ready = this.#build(bot, slow.resolve);
    const slot: Slot = { botId: bot.botId, ready, slow: slow.promise };
    slot.ready.then((model) => {
      slot.model = model;
      if (this.#slots.get(keyOf(bot)) === slot) this.#evict(slot);
    }, () => {
      slot.failedAt = this.#options.clock.now();
    });
    return slot;
  }

  async #build(bot: BotDefinition, slow: () => void): Promise<BotModel> {
    const fingerprint = fingerprintOf(bot);
    for (const { botId, model } of this.#slots.values()) {
      if (botId !== bot.botId || model?.fingerprint !== fingerprint) continue;
      return new BotModel(bot, fingerprint, model.trained);
    }
    const { store, trainer, log } = this.#options;
    const quick = isQuick(bot);
    if (!store || quick) {
      if (!quick) slow();
      return new BotModel(bot, fingerprint, (await trainer.train(bot)).trained);
    }
    const failed = (error: unknown): null => {
      log.warn("A trained bot could not be kept on disk", { bot: bot.botId, error });
      return null;
    };
    const saved = await store.load(bot.botId, fingerprint).catch(failed);
    if (saved) return new BotModel(bot, fingerprint, saved);
    slow();
    const { trained, packed } = await trainer.train(bot);
    if (packed) await this.#keep(store, bot, fingerprint, packed).catch(failed);
    return new BotModel(bot, fingerprint, trained);
  }

  /** Saves what was trained, unless the bot was deleted or changed meanwhile, in any process. */
  async #keep(
    store: ModelStore,
    { botId, version }: BotDefinition,
    fingerprint: string,
    packed: Uint8Array,
  ): Promise<void> {
    const holds = async () => await this.#options.versionOf?.(botId) ?? version;
    if (await holds() !== version) return;
    await store.save(botId, fingerprint, packed);
    // Whoever deletes removes the model after the definition: one of the two sees the other.
    if (await holds() === 0) await store.remove(botId);
  }

  /** Forgets the bot's other versions, then the least recently used bots beyond the bounds. */
  #evict(fresh: Slot): void {
    let bytes = 0;
    for (const [key, slot] of this.#slots) {
      if (slot !== fresh && slot.botId === fresh.botId && slot.model) this.#slots.delete(key);
      else bytes += slot.model?.bytes ?? 0;
    }
    for (const [key, slot] of this.#slots) {
      if (bytes <= this.#options.maxBytes && this.#slots.size <= MAX_BOTS) return;
      if (slot === fresh || !(slot.model || slot.failedAt !== undefined)) continue;
      bytes -= slot.model?.bytes ?? 0;
      this.#slots.delete(key);
    }
  }
}

function keyOf(bot: Pick<BotDefinition, "botId" | "version">): string {
  return `${bot.version}:${bot.botId}`;
}

/** Raised whenever equal bots would train to something else than before. */
const TRAINING_VERSION = 2;

/**
 * A hash of all that training depends on: intents' answers are not among it. Throws a permanent
 * ResponderError for a bot beyond the size limit.
 */
function fingerprintOf({ botId, knowledge, intents }: BotDefinition): string {
  const taught = intents.map((
    { name, examples, answer },
  ) => [name, examples, answer.trim() === ""]);
  const bytes = new TextEncoder().encode(JSON.stringify([TRAINING_VERSION, knowledge, taught]));
  const size = intents.reduce((sum, { answer }) => sum + answer.length, bytes.length);
  if (size > MAX_BOT_BYTES) {
    throw new ResponderError({
      retryable: false,
      reason: `Bot ${botId} is larger than ${MAX_BOT_BYTES} bytes`,
    });
  }
  return createHash("sha256").update(bytes).digest("base64");
}
