/**
 * The port between conversations and whatever answers them. A responder answers one message of one
 * bot; who calls it, retries it or stores its reply is not its concern.
 */
import { withinCharacters } from "../wire/characters.ts";

/** Who shares a cached reply: everybody, the same user with the same history, or nobody. */
export type SharingPolicy = "shared" | "user" | "off";

export interface KnowledgeEntry {
  /** One or more phrasings, one a line. */
  question: string;
  answer: string;
}

export interface Intent {
  name: string;
  examples: string[];
  answer: string;
}

/** What a bot's owner has taught it. A change of any of it comes with a higher `version`. */
export interface BotDefinition {
  botId: string;
  name: string;
  /** False for a bot that only ever appeared in a message: it has no knowledge. */
  defined: boolean;
  version: number;
  /** The first version of this definition, where an earlier one was deleted. */
  since?: number;
  instructions?: string;
  model?: string;
  /** Undefined: the responder's own default. */
  cache: SharingPolicy | undefined;
  /** Life of a cached reply; undefined: the service's own. */
  cacheTtlSeconds?: number;
  /** What its answers by a model may cost a UTC day, in the price table's currency. */
  dailyBudget?: number;
  knowledge: KnowledgeEntry[];
  intents: Intent[];
}

export interface HistoryMessage {
  role: "user" | "assistant";
  content: string;
  /** ISO 8601 instant. */
  at: string;
}

export interface ResponderRequest {
  bot: BotDefinition;
  conversationId: string;
  userId: string;
  /** The message to answer; `history` holds what came before it, oldest first. */
  message: string;
  history: HistoryMessage[];
  signal: AbortSignal;
  /** Told each piece of a reply as it comes, by a responder that can; the reply repeats them. */
  onText?: (text: string) => void;
  /** Told that what came so far is void, because the reply is begun anew. */
  onRestart?: () => void;
}

export interface TokenUsage {
  prompt: number;
  completion: number;
  total: number;
  /** True where the provider reported nothing and the counts are computed from text lengths. */
  estimated: boolean;
}

export interface Reply {
  /** Never empty. */
  response: string;
  source: "knowledge" | "intent" | "llm" | "none";
  /** The best matching intent, also when the reply abstains; null where none is near. */
  intent: string | null;
  /** 0–1: how sure the match is; for a model, how well the best entry handed to it matches. */
  score: number;
  /** The nearest entry (`knowledge:<index>` or `intent:<name>`), also when the reply abstains. */
  matched?: { entry?: string; question?: string };
  /** The bot's version that answered, where the newest is still being trained. Never cached. */
  botVersion?: number;
  model?: string;
  tokens?: TokenUsage;
  /** What it cost, in millionths of the price table's currency; nothing where it was cached. */
  costMicros?: number;
  /** Why another responder or provider answered than the one configured. */
  fallback?: "budget" | "provider";
  latencyMs: number;
  /** True when no responder had to run for this very request. */
  cached: boolean;
  /** 0–1: how near the question is that this reply was first given to, where that was another. */
  similarity?: number;
  /** ISO 639-1 code or `und`; a weak signal. */
  language?: string;
  /** −1 (negative) to 1 (positive), English only; a weak signal, never satisfaction. */
  sentiment?: number;
}

export interface Responder {
  readonly name: string;
  /** The default model's name; null where no model is asked. */
  readonly model: string | null;
  /** Rejects with a `ResponderError`, or with the reason of `request.signal` once that aborts. */
  respond(request: ResponderRequest): Promise<Reply>;
}

/** A responder whose replies may be cached: it says what they depend on beside bot and message. */
export interface CacheableResponder extends Responder {
  /** Prompt version and parameters: two variants never share a reply. */
  readonly variant: string;
  /** The policy for bots that name none. */
  readonly defaultPolicy: SharingPolicy;
  readonly usesHistory: boolean;
  /** The message as far as its reply depends on it: messages with equal text get equal replies. */
  keyText(message: string): string;
}

/** Longest message that is answered, in characters. */
export const MAX_MESSAGE_LENGTH = 16_000;
/** Largest bot definition, in bytes of its JSON. */
export const MAX_BOT_BYTES = 1_048_576;

export interface ResponderErrorOptions {
  retryable: boolean;
  /** For people: what is wrong and what to do. Holds no secret and no message text. */
  reason: string;
  statusCode?: number;
  /** A retry before this many milliseconds is pointless. */
  retryAfterMs?: number;
  /** Nobody was asked, so that this was no attempt: the provider rests, or the bot is trained. */
  unasked?: "resting" | "training";
  cause?: unknown;
}

/** Why no reply came. `permanent` errors fail the same way again until somebody changes something. */
export class ResponderError extends Error {
  override readonly name = "ResponderError";
  readonly retryable: boolean;
  readonly permanent: boolean;
  readonly reason: string;
  readonly statusCode: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly unasked: "resting" | "training" | undefined;

  constructor(options: ResponderErrorOptions) {
    super(options.reason, { cause: options.cause });
    this.retryable = options.retryable;
    this.permanent = !options.retryable;
    this.reason = options.reason;
    this.statusCode = options.statusCode;
    this.retryAfterMs = options.retryAfterMs;
    this.unasked = options.unasked;
  }
}

/** Refuses a message that is longer than any responder answers. */
export function assertAnswerable(request: ResponderRequest): void {
  request.signal.throwIfAborted();
  if (!withinCharacters(request.message, MAX_MESSAGE_LENGTH)) {
    throw new ResponderError({
      retryable: false,
      statusCode: 413,
      reason: `The message is longer than ${MAX_MESSAGE_LENGTH} characters`,
    });
  }
}

/** Settles as `work` does, unless `signal` aborts first: then rejects with its reason. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      work.catch(() => {});
      return reject(signal.reason);
    }
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
