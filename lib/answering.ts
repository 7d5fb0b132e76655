import { BudgetedResponder } from "./ai/budgeted_responder.ts";
import { CachedResponder } from "./ai/cached_responder.ts";
import { CircuitBreaker } from "./ai/circuit_breaker.ts";
import { HashedEmbedder } from "./ai/embedded/hashed_embedder.ts";
import type { ModelStore } from "./ai/embedded/model_files.ts";
import { EmbeddedResponder } from "./ai/embedded_responder.ts";
import { ProviderChain } from "./ai/provider_chain.ts";
import type { Responder } from "./ai/responder.ts";
import { SimilarQuestions } from "./ai/similar_questions.ts";
import { Spending } from "./ai/spending.ts";
import type { CacheService } from "./cache/mod.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import { MAX_AI_SECONDS } from "./config/variables.ts";
import type { Database } from "./kv/database.ts";
import type { Logger } from "./log.ts";
import { ProviderWatch } from "./monitoring/provider_watch.ts";

/** What answers, as the configuration has it. */
export interface Answering extends Disposable {
  /** Whom every message is given to. */
  responder: Responder;
  embedded: EmbeddedResponder;
  /** The models in the order in which they are asked; none without AI_BASE_URL. */
  providers: ProviderWatch[];
  spending: Spending;
}

export interface AnsweringOptions {
  db: Database;
  cache: CacheService;
  clock: Clock;
  log: Logger;
  models: ModelStore;
  /** The version of a bot that holds now; 0 for one that nobody defined. */
  versionOf: (botId: string) => Promise<number>;
}

/**
 * Puts together what answers: the embedded responder or a chain of models, the cache before it, and
 * for models the bots' budgets before that.
 */
export async function openAnswering(
  config: Config,
  { db, cache, clock, log, models, versionOf }: AnsweringOptions,
): Promise<Answering> {
  const { threads } = config.platform;
  const embedded = new EmbeddedResponder({
    clock,
    log,
    signals: config.ai.signals,
    models,
    versionOf,
    threads,
  });
  const providers = config.ai.baseUrl ? await providersOf(config, clock) : [];
  const [first, ...others] = providers;
  const provider = first && others.length > 0 ? new ProviderChain(first, others, log) : first;
  const { dailyBudget, similarThreshold: threshold } = config.ai;
  const cached = new CachedResponder(provider ?? embedded, {
    cache,
    // What the embedded responder finds by itself is better than a likeness.
    similar: !provider || threshold === undefined
      ? undefined
      : new SimilarQuestions({ embedder: new HashedEmbedder(), threshold }),
  });
  const spending = new Spending({ db, clock });
  const responder = provider
    ? new BudgetedResponder(cached, { fallback: embedded, dailyBudget, spending, log })
    : cached;
  return {
    responder,
    embedded,
    providers,
    spending,
    [Symbol.dispose]: () => embedded[Symbol.dispose](),
  };
}

/**
 * The models behind AI_BASE_URL and AI_FALLBACKS, each left alone for a while when it fails again
 * and again. All of them together get what time a turn has.
 */
async function providersOf({ ai }: Config, clock: Clock): Promise<ProviderWatch[]> {
  // Their client takes memory that a service with the embedded responder need not spend.
  const { OpenAIResponder } = await import("./ai/openai_responder.ts");
  const { KnowledgeSearch } = await import("./ai/openai/knowledge_search.ts");
  const knowledge = new KnowledgeSearch();
  const { baseUrl, apiKey, model } = ai;
  const chain = [{ baseUrl: baseUrl!, apiKey, model: model! }, ...ai.fallbacks];
  const timeoutMs = Math.min(ai.timeoutMs, Math.floor(MAX_AI_SECONDS * 1_000 / chain.length));
  return chain.map((provider) => {
    const asked = new OpenAIResponder({
      prices: ai.prices,
      ...provider,
      timeoutMs,
      knowledge,
      clock,
    });
    return new ProviderWatch(new CircuitBreaker(asked, { clock }));
  });
}
