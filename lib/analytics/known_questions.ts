import { LRUCache } from "lru-cache";
import { wordsOf } from "./likeness.ts";

/** Characters kept in memory, over all bots. */
const MAX_CHARACTERS = 2_000_000;
/** What an entry takes beside its text, in characters. */
const OVERHEAD = 200;

/** Where a question stands; its text stays in the conversation and goes with it. */
export interface QuestionRef {
  conversationId: string;
  turn: number;
  /** When it stayed unanswered, milliseconds. */
  at: number;
}

/** Where questions' texts are kept. */
export interface QuestionTexts {
  /** Another one than before when any text was taken away since. */
  takings(): Promise<string | null>;
  /** A question's text; null when it is kept no more. */
  question(conversationId: string, turn: number): Promise<string | null>;
}

/** A question's text, and the words it is about. */
export interface Question {
  text: string;
  words: readonly string[];
}

/**
 * Questions that were read before. A text does not change; it is taken away at most, and then nothing
 * that was read before counts any more.
 */
export class KnownQuestions {
  #takings: string | null | undefined;
  #known = newCache();

  /** Reads what is asked at a place; null when the text is gone. Good for one view. */
  async reader(texts: QuestionTexts): Promise<(place: QuestionRef) => Promise<Question | null>> {
    const takings = await texts.takings();
    if (takings !== this.#takings) this.forget();
    this.#takings = takings;
    // Whoever still reads by an earlier mark keeps what it finds to itself.
    const known = this.#known;
    return async ({ conversationId, turn, at }) => {
      // With the time, since a conversation that was deleted may be begun anew.
      const name = `${at} ${turn} ${conversationId}`;
      const entry = known.get(name);
      if (entry) return entry.question;
      const text = await texts.question(conversationId, turn);
      const question = text === null ? null : { text, words: wordsOf(text) };
      known.set(name, { question });
      return question;
    };
  }

  forget(): void {
    this.#known = newCache();
  }
}

const newCache = () =>
  new LRUCache<string, { question: Question | null }>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ question }) => OVERHEAD + 2 * (question?.text.length ?? 0),
  });
