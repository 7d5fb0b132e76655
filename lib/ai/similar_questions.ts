import type { Embedder } from "./embedder.ts";

/** Questions kept in one scope, and in all of them; those used longest ago go first. */
const SCOPE_LIMIT = 500;
const TOTAL_LIMIT = 4_000;

export interface SimilarQuestionsOptions {
  embedder: Embedder;
  /** 0–1: cosine from which two questions count as the same. */
  threshold: number;
  scopeLimit?: number;
  totalLimit?: number;
}

/** A question that was answered before, near enough to another. */
export interface SimilarQuestion {
  /** Where its reply lies in the cache. */
  key: string;
  /** Cosine of the two. */
  similarity: number;
}

/** No text: who asks now must not read what somebody else asked. */
interface Kept {
  vector: Float32Array;
  /** Numbers and negations: a question with others is another question, however near. */
  sense: string;
}

/**
 * Which questions were answered, by scope: all that their replies depend on beside the message.
 * A question is only ever compared with those of its own scope. Replies lie in the cache, so that
 * they expire and are cleared there.
 */
export class SimilarQuestions {
  readonly #options: SimilarQuestionsOptions;
  /** Both levels in order of use, the oldest first. */
  readonly #scopes = new Map<string, Map<string, Kept>>();
  #size = 0;

  constructor(options: SimilarQuestionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** The nearest question of `scope` at or above the threshold; null where there is none. */
  async nearest(
    scope: string,
    question: string,
    signal: AbortSignal,
  ): Promise<SimilarQuestion | null> {
    if (!this.#scopes.has(scope)) return null;
    const vector = await this.#options.embedder.embed(question, signal);
    const sense = senseOf(question);
    let best: SimilarQuestion | null = null;
    for (const [key, kept] of this.#scopes.get(scope) ?? []) {
      if (kept.sense !== sense) continue;
      const similarity = dot(vector, kept.vector);
      if (similarity < (best?.similarity ?? this.#options.threshold)) continue;
      best = { key, similarity: Math.min(1, similarity) };
    }
    return best;
  }

  /** Remembers that the reply to `question` lies at `key`. */
  async add(scope: string, key: string, question: string, signal: AbortSignal): Promise<void> {
    const vector = await this.#options.embedder.embed(question, signal);
    const { scopeLimit = SCOPE_LIMIT, totalLimit = TOTAL_LIMIT } = this.#options;
    this.remove(scope, key);
    const kept = this.#scopes.get(scope) ?? new Map<string, Kept>();
    this.#scopes.delete(scope);
    this.#scopes.set(scope, kept);
    kept.set(key, { vector, sense: senseOf(question) });
    this.#size++;
    if (kept.size > scopeLimit) this.#removeOldest(scope, kept);
    while (this.#size > totalLimit) {
      const [oldest, questions] = this.#scopes.entries().next().value!;
      this.#removeOldest(oldest, questions);
    }
  }

  /** Forgets a question, such as one whose reply is no longer cached. */
  remove(scope: string, key: string): void {
    const kept = this.#scopes.get(scope);
    if (!kept?.delete(key)) return;
    this.#size--;
    if (kept.size === 0) this.#scopes.delete(scope);
  }

  #removeOldest(scope: string, kept: Map<string, Kept>): void {
    this.remove(scope, kept.keys().next().value!);
  }
}

const NEGATION = /\b(not|no|never|without|cannot|can['’]?t|[a-z]+n['’]t)\b/giu;

/** What stands around a number without being part of it. */
const EDGES = /^[("'\[«„“]+|[)"'\]»”“?!.,;:]+$/g;

function senseOf(question: string): string {
  // As they are written and in their order: "-5" is not "5", nor "2⁵" "25", nor "1.5" "5.1".
  const numbers = question.normalize("NFC").toLowerCase().split(/\s+/)
    .filter((word) => /\p{N}/u.test(word)).map((word) => word.replace(EDGES, ""));
  return `${(question.match(NEGATION) ?? []).length} ${numbers.join(" ")}`;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
