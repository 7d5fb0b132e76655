import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { ResponderError } from "../responder.ts";
import { BACKGROUND } from "./background.ts";
import type { Taught } from "./topic_index.ts";
import {
  packTrained,
  trainBot,
  type TrainedBot,
  trainInSlices,
  unpackTrained,
} from "./trained_bot.ts";
import type { Slices } from "./training.ts";
import type { TrainingRequest, TrainingResult } from "./training_worker.ts";

/** Bots whose training takes at most so many multiplications (some 5 ms) are trained in place. */
const MAX_INLINE_WORK = 4_000_000;
/** Trainings that may wait for the worker; more are refused until some are done. */
const MAX_WAITING = 256;
/** Without a thread, other work waits for a training no longer than about this at a time. */
const TURN_MS = 10;
/** An idle worker is let go after this long; the next training starts another. */
const IDLE_MS = 10_000;

/** A trained bot and, where that took a worker, the bytes it came in. */
export interface Training {
  trained: TrainedBot;
  packed?: Uint8Array;
}

interface Waiting {
  bot: Taught;
  resolve(training: Training): void;
  reject(error: unknown): void;
}

export interface TrainerOptions {
  clock: Clock;
  log: Logger;
  /** False where there are no Web Workers: then training takes turns with everything else. */
  threads?: boolean;
}

/** Trains bots one at a time in a Web Worker that may do nothing but compute. */
export class Trainer {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #threads: boolean;
  readonly #waiting: Waiting[] = [];
  #current: (Waiting & { id: number }) | undefined;
  #worker: Worker | undefined;
  #cancelIdle: (() => void) | undefined;
  #lastId = 0;
  #closed = false;

  constructor(options: TrainerOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#threads = options.threads ?? true;
  }

  /** Resolves with the trained bot; rejects with a retryable ResponderError. */
  train({ knowledge, intents }: Taught): Promise<Training> {
    const bot = { knowledge, intents };
    if (isQuick(bot)) return Promise.resolve({ trained: trainBot(bot) });
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closedError());
      if (this.#waiting.length >= MAX_WAITING) {
        return reject(
          new ResponderError({
            retryable: true,
            retryAfterMs: 10_000,
            reason: "Too many bots wait for their classifier to be trained",
          }),
        );
      }
      this.#waiting.push({ bot, resolve, reject });
      this.#next();
    });
  }

  /** Ends the worker; trainings that wait or run are rejected. */
  close(): void {
    this.#closed = true;
    this.#endWorker();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError());
    this.#settle((current) => current.reject(closedError()));
  }

  #next(): void {
    if (this.#current || this.#closed) return;
    const next = this.#waiting.shift();
    if (!next) {
      if (this.#worker) this.#cancelIdle = this.#clock.after(IDLE_MS, () => this.#endWorker());
      return;
    }
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    this.#current = { ...next, id: ++this.#lastId };
    if (!this.#threads) return void this.#trainHere(next.bot);
    const request: TrainingRequest = { id: this.#lastId, bot: next.bot };
    try {
      this.#worker ??= this.#startWorker();
      this.#worker.postMessage(request);
    } catch (cause) {
      this.#fail(cause instanceof Error ? cause.message : String(cause));
    }
  }

  async #trainHere(bot: Taught): Promise<void> {
    try {
      const trained = await this.#inTurns(trainInSlices(bot));
      if (!trained) return; // closed: whoever waited knows
      this.#settle((current) => current.resolve({ trained, packed: packTrained(trained) }));
      this.#next();
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  /** What the slices come to; null when the trainer is closed before. */
  async #inTurns<T>(slices: Slices<T>): Promise<T | null> {
    while (!this.#closed) {
      const turnEnds = this.#clock.elapsed() + TURN_MS;
      do {
        const { done, value } = slices.next();
        if (done) return value;
      } while (this.#clock.elapsed() < turnEnds);
      await new Promise<void>((resolve) => this.#clock.after(0, resolve));
    }
    return null;
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./training_worker.ts", import.meta.url).href, {
      type: "module",
      name: "classifier training",
      deno: { permissions: "none" },
    });
    worker.onmessage = ({ data }: MessageEvent<TrainingResult>) => {
      if (data.id !== this.#current?.id) return;
      if ("error" in data) return this.#fail(data.error);
      const { packed } = data;
      const trained = unpackTrained(packed)!;
      this.#settle((current) => current.resolve({ trained, packed }));
      this.#next();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    return worker;
  }

  #fail(message: string): void {
    this.#log.error("Training a classifier failed", { error: message });
    this.#endWorker();
    this.#settle((current) =>
      current.reject(
        new ResponderError({
          retryable: true,
          retryAfterMs: 10_000,
          reason: "The bot's classifier could not be trained",
          cause: message,
        }),
      )
    );
    this.#next();
  }

  #settle(how: (current: Waiting) => void): void {
    const current = this.#current;
    this.#current = undefined;
    if (current) how(current);
  }

  #endWorker(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function closedError(): ResponderError {
  return new ResponderError({ retryable: true, reason: "The service is shutting down" });
}

/** Whether training takes a few milliseconds only, so that it may happen in place. */
export function isQuick({ knowledge, intents }: Taught): boolean {
  let characters = BACKGROUND.length * 30;
  const classes = knowledge.length + intents.length;
  for (const { question, answer } of knowledge) characters += question.length + answer.length;
  for (const { examples } of intents) for (const text of examples) characters += text.length;
  // An upper estimate of the multiplications of fitting once: 3 features a character.
  return characters * 3 * classes * 15 * 2 <= MAX_INLINE_WORK;
}
