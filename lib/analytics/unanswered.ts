import { LRUCache } from "lru-cache";
import { countOf, decodeCounts, hasAny } from "../kv/counts.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { askedKey, askedPrefix, refKey, refsPrefix } from "./keys.ts";
import { KnownQuestions, type QuestionRef, type QuestionTexts } from "./known_questions.ts";
import { groupLikes, signatureOf, wordsOf } from "./likeness.ts";

/** Different questions (by their words) that are kept for a bot. */
export const MAX_QUESTIONS = 1_000;
/** Places where a question was asked that are kept: the latest ones. */
const REFS = 3;
/** Beyond the first ones, a place is noted at most this often for a question. */
const REF_EVERY_MS = 60_000;
const MAX_AGE_MS = 400 * 86_400_000;
const MAX_BOTS_CACHED = 1_000;
const GET_MANY = 10;
/** The only field of a question's count record. */
const ASKED = 0;

/** Questions that are alike, and how often one of them stayed unanswered. */
export interface UnansweredGroup {
  /** The wording that was asked most. */
  question: string;
  count: number;
  /** Other wordings, most frequent first, at most 5. */
  variants: string[];
  lastAskedAt: number;
}

/**
 * Keeps which questions a bot had no answer to, as counts by the words they are made of, with the
 * places where they were asked. No text is stored here. Bounded for each bot.
 */
export class UnansweredQuestions {
  readonly #db: Database;
  /** Different questions of a bot, about. */
  readonly #sizes = new LRUCache<number, { count: number }>({ max: MAX_BOTS_CACHED });
  readonly #signatures = new LRUCache<string, string>({ max: 5_000 });
  /** By size, for with `max` room for all would be taken at the start. */
  readonly #refs = new LRUCache<string, number>({ maxSize: 20_000, sizeCalculation: () => 1 });

  readonly #known = new KnownQuestions();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Forgets the texts that it has read; for when somebody is erased. */
  forgetTexts(): void {
    this.#known.forget();
  }

  /** Counts a question that stayed unanswered, with the caller's write set. */
  async add(tx: WriteSet, bot: number, question: string, ref: QuestionRef): Promise<void> {
    const key = askedKey(bot, this.#signature(question));
    const size = this.#sizes.get(bot) ?? await this.#measure(bot);
    const full = size.count >= MAX_QUESTIONS;
    if (full && (await this.#db.kv.get(key)).value === null) return;
    const name = `${bot} ${String(key.at(-1))}`;
    const noted = this.#refs.get(name);
    const note = noted === undefined || ref.at - noted >= REF_EVERY_MS;
    let fresh = false;
    tx.add(key, ONE, (change, more) => {
      fresh = !hasAny(change.before, ASKED, ASKED + 1);
      if (!note && countOf(change.before, ASKED) >= REFS) return;
      more.set(refKey(bot, String(key.at(-1)), countOf(change.after, ASKED) % REFS), ref);
    });
    tx.afterCommit(() => {
      if (fresh) size.count++;
      if (note) this.#refs.set(name, ref.at);
    });
  }

  /** The bot's unanswered questions grouped by likeness, most frequent first. */
  async groups(bot: number, texts: QuestionTexts, limit: number): Promise<UnansweredGroup[]> {
    const counts = new Map<string, number>();
    const list = this.#db.kv.list({ prefix: askedPrefix(bot) }, { limit: 2 * MAX_QUESTIONS });
    for await (const { key, value } of list) {
      counts.set(String(key.at(-1)), countOf(decodeCounts(value), ASKED));
    }
    const refs = await this.#readRefs(bot);
    const read = await this.#known.reader(texts);
    const found: { words: readonly string[]; count: number; text: string; at: number }[] = [];
    const entries = [...counts];
    for (let i = 0; i < entries.length; i += GET_MANY) {
      const part = entries.slice(i, i + GET_MANY).map(async ([signature, count]) => {
        const places = (refs.get(signature) ?? []).sort((a, b) => b.at - a.at);
        for (const place of places) {
          const question = await read(place);
          if (question) return { ...question, count, at: places[0]!.at };
        }
        return null;
      });
      for (const question of await Promise.all(part)) if (question) found.push(question);
    }
    return groupLikes(found)
      .map((group) => ({
        question: group[0]!.text,
        count: group.reduce((sum, { count }) => sum + count, 0),
        variants: group.slice(1, 6).map(({ text }) => text),
        lastAskedAt: Math.max(...group.map(({ at }) => at)),
      }))
      .sort((a, b) => b.count - a.count || b.lastAskedAt - a.lastAskedAt)
      .slice(0, limit);
  }

  /**
   * Makes room: of every bot that keeps nearly as many as it may, the half that was asked least goes;
   * everywhere what nobody has asked for 400 days. Gives how many questions it deleted.
   */
  async sweep(now: number): Promise<number> {
    let deleted = 0;
    for await (const bot of this.#bots()) {
      const refs = await this.#readRefs(bot);
      const questions: { signature: string; count: number; at: number }[] = [];
      for await (const { key, value } of this.#db.kv.list({ prefix: askedPrefix(bot) })) {
        const signature = String(key.at(-1));
        const at = Math.max(0, ...(refs.get(signature) ?? []).map((ref) => ref.at));
        questions.push({ signature, count: countOf(decodeCounts(value), ASKED), at });
      }
      questions.sort((a, b) => b.count - a.count || b.at - a.at);
      const room = questions.length > 0.8 * MAX_QUESTIONS ? MAX_QUESTIONS / 2 : Infinity;
      const gone = questions.filter(({ at }, i) => i >= room || at < now - MAX_AGE_MS);
      for (const { signature } of gone) {
        const tx = new WriteSet().delete(askedKey(bot, signature));
        for (let slot = 0; slot < REFS; slot++) tx.delete(refKey(bot, signature, slot));
        await this.#db.commit(tx);
        this.#refs.delete(`${bot} ${signature}`);
      }
      if (gone.length > 0) this.#sizes.delete(bot);
      deleted += gone.length;
    }
    return deleted;
  }

  #signature(question: string): string {
    let signature = this.#signatures.get(question);
    if (signature === undefined) {
      signature = signatureOf(wordsOf(question));
      if (question.length <= 1_000) this.#signatures.set(question, signature);
    }
    return signature;
  }

  async #measure(bot: number): Promise<{ count: number }> {
    let count = 0;
    const range = { prefix: askedPrefix(bot) };
    for await (const _ of this.#db.kv.list(range, { limit: MAX_QUESTIONS })) count++;
    const size = this.#sizes.get(bot) ?? { count };
    this.#sizes.set(bot, size);
    return size;
  }

  async #readRefs(bot: number): Promise<Map<string, QuestionRef[]>> {
    const refs = new Map<string, QuestionRef[]>();
    const limit = 2 * REFS * MAX_QUESTIONS;
    for await (
      const { key, value } of this.#db.kv.list<QuestionRef>({ prefix: refsPrefix(bot) }, { limit })
    ) {
      const signature = String(key.at(-2));
      refs.set(signature, [...refs.get(signature) ?? [], value]);
    }
    return refs;
  }

  /** Every bot that has unanswered questions. */
  async *#bots(): AsyncGenerator<number> {
    for (let bot = 0;;) {
      const range = { start: askedPrefix(bot), end: askedPrefix(Infinity) };
      const [next] = await Array.fromAsync(this.#db.kv.list(range, { limit: 1 }));
      if (!next) return;
      bot = Number(next.key[2]);
      yield bot;
      bot++;
    }
  }
}

const ONE: ReadonlyMap<number, number> = new Map([[ASKED, 1]]);
