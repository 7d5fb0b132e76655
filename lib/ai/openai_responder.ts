import { createOpenAICompatible, type OpenAICompatibleProvider } from "@ai-sdk/openai-compatible";
import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../clock.ts";
import { KnowledgeSearch } from "./openai/knowledge_search.ts";
import { fetchStreamed } from "./openai/plain_answer.ts";
import {
  buildPrompt,
  estimateTokens,
  PROMPT_VERSION,
  type PromptMessage,
} from "./openai/prompt.ts";
import { cutText } from "../wire/characters.ts";
import { toResponderError } from "./openai/provider_error.ts";
import { type Answer, generated, streamed } from "./openai/streamed.ts";
import { costMicros, type Prices } from "./prices.ts";
import {
  assertAnswerable,
  type CacheableResponder,
  orAborted,
  type Reply,
  ResponderError,
  type ResponderRequest,
  type TokenUsage,
} from "./responder.ts";

export interface OpenAIResponderOptions {
  /** Up to and including the version, such as `https://host/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Asked for bots that name no model of their own. */
  model: string;
  /** A call that takes longer fails as retryable. */
  timeoutMs?: number;
  /** Estimated tokens of history and of knowledge entries handed to the model at most. */
  historyTokens?: number;
  knowledgeTokens?: number;
  /** Sent only where set: not every model takes them. */
  maxOutputTokens?: number;
  temperature?: number;
  /** What a million tokens cost, by model and time. */
  prices?: Prices;
  /** Indexes shared with other providers; its own where absent. */
  knowledge?: KnowledgeSearch;
  clock?: Clock;
}

/** Entries of the bot's knowledge handed to the model at most. */
const MAX_ENTRIES = 5;
/** Bots may name models of their own. */
const MAX_MODELS = 100;
/** A longer answer is cut, so that it can be stored. */
const MAX_ANSWER_LENGTH = 16_000;

/**
 * Asks a model over the OpenAI chat completions protocol, once: whether and when to ask again
 * belongs to the caller's queue.
 */
export class OpenAIResponder implements CacheableResponder {
  readonly name = "openai-compatible";
  readonly model: string;
  readonly variant: string;
  readonly defaultPolicy = "off";
  readonly usesHistory = true;
  /** Clients of models by name: making one builds its schemas, which costs more than an answer. */
  readonly #models: LRUCache<string, ReturnType<OpenAICompatibleProvider["chatModel"]>>;
  readonly #options: OpenAIResponderOptions;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #budget: { historyTokens: number; knowledgeTokens: number };
  readonly #knowledge: KnowledgeSearch;

  constructor(options: OpenAIResponderOptions) {
    this.model = options.model;
    this.#options = options;
    this.#knowledge = options.knowledge ?? new KnowledgeSearch();
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#budget = {
      historyTokens: options.historyTokens ?? 3_000,
      knowledgeTokens: options.knowledgeTokens ?? 1_500,
    };
    this.variant = JSON.stringify([
      PROMPT_VERSION,
      options.baseUrl,
      this.#budget,
      options.maxOutputTokens ?? null,
      options.temperature ?? null,
    ]);
    const provider = createOpenAICompatible({
      name: "openai-compatible",
      fetch: fetchStreamed,
      baseURL: options.baseUrl,
      apiKey: options.apiKey,
      includeUsage: true,
    });
    this.#models = new LRUCache({
      max: MAX_MODELS,
      memoMethod: (model) => provider.chatModel(model),
    });
  }

  keyText(message: string): string {
    // Not NFKC, to which "2⁵" is "25" and "½" is "1⁄2": a model answers them differently.
    return message.normalize("NFC").replace(/\s+/g, " ").trim();
  }

  async respond(request: ResponderRequest): Promise<Reply> {
    assertAnswerable(request);
    const startedAt = performance.now();
    const model = request.bot.model || this.model;
    const found = this.#knowledge.find(request.bot, request.message, MAX_ENTRIES);
    const { messages, used } = buildPrompt(request, found, this.#budget);
    const answer = await this.#ask(model, messages, request);
    const response = textOf(answer);
    const tokens = usageOf(answer, messages, response);
    return {
      response,
      source: "llm",
      intent: null,
      score: used[0]?.score ?? 0,
      ...(used[0] && { matched: { entry: used[0].id, question: used[0].question } }),
      model,
      tokens,
      costMicros: costMicros(this.#options.prices ?? {}, model, tokens, this.#clock.now()),
      latencyMs: performance.now() - startedAt,
      cached: false,
    };
  }

  async #ask(
    model: string,
    prompt: PromptMessage[],
    { signal, onText, message, history }: ResponderRequest,
  ): Promise<Answer> {
    const timeout = new AbortController();
    const cancel = this.#clock.after(this.#timeoutMs, () => timeout.abort());
    try {
      const asked = this.#models.memo(model);
      const options = {
        prompt,
        maxOutputTokens: this.#options.maxOutputTokens,
        temperature: this.#options.temperature,
        abortSignal: AbortSignal.any([signal, timeout.signal]),
      };
      const answer = onText ? streamed(asked, options, onText) : generated(asked, options);
      return await orAborted(answer, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (timeout.signal.aborted) {
        throw new ResponderError({
          retryable: true,
          reason: `The AI provider did not answer within ${this.#timeoutMs / 1_000} s`,
        });
      }
      throw toResponderError(thrown, {
        model,
        secrets: [this.#options.apiKey ?? ""],
        written: [message, ...history.map(({ content }) => content)],
        now: this.#clock.now(),
      });
    } finally {
      cancel();
    }
  }
}

/** The text of an answer; rejects an empty one, which would be no answer. */
function textOf({ text: whole, finishReason }: Answer): string {
  const text = whole.trim();
  if (text === "") {
    const filtered = finishReason.unified === "content-filter";
    throw new ResponderError({
      retryable: !filtered,
      reason: filtered
        ? "The AI provider's content filter kept the answer back"
        : "The AI provider sent an empty answer",
    });
  }
  if (text.length <= MAX_ANSWER_LENGTH) return text.toWellFormed();
  // Half a pair that the model wrote becomes U+FFFD.
  return cutText(text, MAX_ANSWER_LENGTH - 1).toWellFormed() + "…";
}

/** The provider's token counts, or, where it reports none, an estimate that says so. */
function usageOf({ usage }: Answer, prompt: PromptMessage[], response: string): TokenUsage {
  const raw = usage.raw as { prompt_tokens?: unknown; completion_tokens?: unknown } | undefined;
  if (isCount(raw?.prompt_tokens) && isCount(raw?.completion_tokens)) {
    const [promptTokens, completion] = [raw.prompt_tokens, raw.completion_tokens];
    return { prompt: promptTokens, completion, total: promptTokens + completion, estimated: false };
  }
  const texts = prompt.map(({ content }) =>
    typeof content === "string" ? content : content.map((part) => part.text).join("")
  );
  const promptTokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  const completion = estimateTokens(response);
  return { prompt: promptTokens, completion, total: promptTokens + completion, estimated: true };
}

/** No call has more tokens; what is above is nonsense, and would not fit into the figures. */
const MAX_TOKENS = 100_000_000;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0 && value as number <= MAX_TOKENS;
}
