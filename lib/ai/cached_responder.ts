import { inSpan, note } from "../tracing.ts";
import { answerKey, answerScope, sharingPolicy } from "./answer_key.ts";
import {
  assertAnswerable,
  type CacheableResponder,
  orAborted,
  type Reply,
  type Responder,
  type ResponderRequest,
} from "./responder.ts";
import type { SimilarQuestions } from "./similar_questions.ts";

/** What a cached responder needs of a cache. */
export interface AnswerCache {
  /** The value at `key`, or what `fill` makes of it, stored for `ttlSeconds`. */
  getOrSet<T>(
    key: string,
    fill: (context: { signal: AbortSignal; doNotStore(): void }) => Promise<T>,
    options: { ttlSeconds: number },
  ): Promise<T>;
  /** The value at `key`, or undefined. */
  get?(key: string): Promise<unknown>;
  has?(key: string): Promise<boolean>;
  /** Told what an answer that was not asked for again has spared. */
  saved?(key: string, saving: { tokens: number; costMicros: number; similar?: boolean }): void;
}

export interface CachedResponderOptions {
  cache: AnswerCache;
  ttlSeconds?: number;
  /** Where given, a question near enough to an answered one gets the same reply. */
  similar?: SimilarQuestions;
}

/** One reply in the making, and how many wait for it. */
interface Flight {
  reply: Promise<{ reply: Reply; filled: boolean }>;
  waiters: number;
  /** Aborts when the last waiter has gone. */
  abort: AbortController;
}

/**
 * A responder over a responder: what has been answered is not asked again, and what is asked by
 * several at the same moment is asked once. A bot's policy `off` leaves every request alone.
 * The one whose request started the work may go: the work goes on while anybody waits for it.
 */
export class CachedResponder implements Responder {
  readonly name: string;
  readonly model: string | null;
  readonly #inner: CacheableResponder;
  readonly #cache: AnswerCache;
  readonly #ttlSeconds: number;
  readonly #similar: SimilarQuestions | undefined;
  readonly #flights = new Map<string, Flight>();

  constructor(inner: CacheableResponder, options: CachedResponderOptions) {
    this.name = inner.name;
    this.model = inner.model;
    this.#inner = inner;
    this.#cache = options.cache;
    this.#ttlSeconds = options.ttlSeconds ?? 3_600;
    this.#similar = options.similar;
  }

  async respond(request: ResponderRequest): Promise<Reply> {
    assertAnswerable(request);
    const policy = sharingPolicy(request, this.#inner);
    if (policy === "off") return this.#asked(request);
    const startedAt = performance.now();
    const key = answerKey(request, this.#inner, policy);
    if (this.#similar && !this.#flights.has(key)) {
      const reply = await this.#similarReply(this.#similar, key, request, policy);
      if (reply) return { ...reply, latencyMs: performance.now() - startedAt };
    }
    const joined = this.#flights.get(key);
    const flight = joined ?? this.#start(key, request);
    flight.waiters++;
    try {
      const { reply, filled } = await orAborted(flight.reply, request.signal);
      if (filled && !joined) {
        await this.#remember(key, request, policy, reply);
        return reply;
      }
      const { costMicros = 0, ...rest } = reply;
      this.#cache.saved?.(key, { tokens: reply.tokens?.total ?? 0, costMicros });
      return { ...rest, cached: true, latencyMs: performance.now() - startedAt };
    } finally {
      if (--flight.waiters === 0 && this.#forget(key, flight)) {
        flight.abort.abort(new DOMException("Nobody waits for this answer", "AbortError"));
      }
    }
  }

  /** The cached reply to a question near to this one, unless this one has its own. */
  async #similarReply(
    similar: SimilarQuestions,
    key: string,
    request: ResponderRequest,
    policy: "shared" | "user",
  ): Promise<Reply | null> {
    const scope = answerScope(request, this.#inner, policy);
    try {
      const near = await similar.nearest(scope, request.message, request.signal);
      if (!near || near.key === key || await this.#cache.has?.(key)) return null;
      const reply = await this.#cache.get?.(near.key);
      if (!isReply(reply)) {
        similar.remove(scope, near.key);
        return null;
      }
      const { costMicros = 0, ...rest } = reply;
      const tokens = reply.tokens?.total ?? 0;
      this.#cache.saved?.(near.key, { tokens, costMicros, similar: true });
      return { ...rest, cached: true, similarity: near.similarity };
    } catch {
      request.signal.throwIfAborted();
      return null;
    }
  }

  /** An abstention is not remembered: a question put otherwise may well be answered. */
  async #remember(
    key: string,
    request: ResponderRequest,
    policy: "shared" | "user",
    { source, fallback }: Reply,
  ): Promise<void> {
    if (!this.#similar || source === "none" || fallback) return;
    const scope = answerScope(request, this.#inner, policy);
    // An embedder that fails costs a later reuse, never this answer.
    await this.#similar.add(scope, key, request.message, request.signal).catch(() => {});
  }

  #start(key: string, request: ResponderRequest): Flight {
    const abort = new AbortController();
    const reply = this.#answer(key, request, abort.signal).finally(() => this.#forget(key, flight));
    const flight: Flight = { reply, waiters: 0, abort };
    this.#flights.set(key, flight);
    return flight;
  }

  /** False when the flight had ended, or been forgotten, before. */
  #forget(key: string, flight: Flight): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }

  /** Asks the responder behind the cache. */
  #asked(request: ResponderRequest): Promise<Reply> {
    const { name, model } = this.#inner;
    return inSpan(`ai ${name}`, { "gen_ai.request.model": model ?? name }, async () => {
      const reply = await this.#inner.respond(request);
      note(() => ({ "ai.source": reply.source, "gen_ai.usage.total_tokens": reply.tokens?.total }));
      return reply;
    });
  }

  /** Asks the cache, which asks the responder on a miss; without a working cache, the responder. */
  async #answer(key: string, request: ResponderRequest, signal: AbortSignal) {
    let asked = false, filled = false;
    let failure: { error: unknown } | undefined;
    const ask = async (within: AbortSignal, doNotStore = () => {}) => {
      asked = true;
      try {
        const reply = await this.#asked({ ...request, signal: within });
        filled = true;
        // What only stood in is no answer to whoever asks later.
        if (reply.botVersion !== undefined || reply.fallback) doNotStore();
        return reply;
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    try {
      const reply = await inSpan("cache answer", { "bot.id": request.bot.botId }, async () => {
        const value = await this.#cache.getOrSet(
          key,
          (context) => ask(AbortSignal.any([context.signal, signal]), () => context.doNotStore()),
          { ttlSeconds: request.bot.cacheTtlSeconds ?? this.#ttlSeconds },
        );
        note(() => ({ "cache.hit": !asked }));
        return value;
      });
      if (isReply(reply)) return { reply, filled };
    } catch (error) {
      if (failure) throw failure.error;
      signal.throwIfAborted();
      if (asked) throw error;
    }
    return { reply: await ask(signal), filled: true };
  }
}

/** Whether what a cache returned can be a reply: it may hold anything. */
function isReply(value: unknown): value is Reply {
  const reply = value as Partial<Reply> | null;
  return typeof reply === "object" && reply !== null && typeof reply.response === "string" &&
    reply.response !== "" && typeof reply.source === "string" && typeof reply.score === "number";
}
