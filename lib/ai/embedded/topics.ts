import { type BotDefinition, MAX_BOT_BYTES, ResponderError } from "../responder.ts";
import { hash } from "./features.ts";
import { isStopWord, normaliseText, stem } from "./text.ts";
import type { TrainingSet } from "./training.ts";

/** One example or question, and which entry of the bot it belongs to. */
export interface Utterance {
  /** As its owner wrote it. */
  text: string;
  /** `knowledge:<index in the bot's list>` or `intent:<name>`. */
  entry: string;
}

/** What one answer answers: an intent, or all knowledge entries that have the same answer. */
export interface Topic {
  kind: "knowledge" | "intent";
  /** The intent's name; null for knowledge. */
  intent: string | null;
  answer: string;
  utterances: Utterance[];
}

/** Most topics a classifier's 16-bit class numbers can tell apart. */
const MAX_TOPICS = 65_535;
/** From so many examples on, an intent's name or an entry's answer tells nothing more. */
const MIN_UNHINTED = 20;
/** An answer's beginning, in characters, says what it is about. */
const MAX_HINT = 300;

/** Everything a bot can answer, as the classifier's classes. */
export class Topics {
  readonly list: Topic[] = [];
  readonly set: TrainingSet;
  readonly #exact = new Map<string, { topic: number; utterance: Utterance }>();
  readonly #words = new Map<Utterance, Uint32Array>();

  /** Throws a permanent ResponderError for a bot beyond the size limit. */
  constructor(bot: BotDefinition) {
    const bytes = new TextEncoder().encode(JSON.stringify([bot.knowledge, bot.intents])).length;
    if (bytes > MAX_BOT_BYTES) {
      throw new ResponderError({
        retryable: false,
        reason: `Bot ${bot.botId} is larger than ${MAX_BOT_BYTES} bytes`,
      });
    }
    this.#collect(bot);
    const hints: Required<TrainingSet>["hints"] = { texts: [], labels: [] };
    this.set = { texts: [], labels: [], classes: 0, hints };
    this.list = this.list.filter((topic) => topic.utterances.length > 0).slice(0, MAX_TOPICS);
    this.set.classes = this.list.length;
    this.list.forEach((topic, index) => {
      for (const utterance of topic.utterances) {
        const normalised = normaliseText(utterance.text);
        if (!this.#exact.has(normalised)) this.#exact.set(normalised, { topic: index, utterance });
        this.set.texts.push(utterance.text);
        this.set.labels.push(index);
      }
      const hint = (topic.intent ?? topic.answer).slice(0, MAX_HINT).replaceAll("_", " ");
      if (topic.utterances.length >= MIN_UNHINTED || normaliseText(hint) === "") return;
      hints.texts.push(hint);
      hints.labels.push(index);
    });
  }

  #collect(bot: BotDefinition): void {
    const topics = new Map<string, Topic>();
    const add = (topic: Omit<Topic, "utterances">, utterance: Utterance) => {
      if (topic.answer.trim() === "" || normaliseText(utterance.text) === "") return;
      const key = topic.intent === null ? `k:${topic.answer}` : `i:${topic.intent}`;
      const known = topics.get(key) ?? { ...topic, utterances: [] };
      known.utterances.push(utterance);
      topics.set(key, known);
    };
    bot.knowledge.forEach(({ question, answer }, index) => {
      for (const text of question.split("\n")) {
        add({ kind: "knowledge", intent: null, answer }, { text, entry: `knowledge:${index}` });
      }
    });
    for (const { name, examples, answer } of bot.intents) {
      for (const text of examples) {
        add({ kind: "intent", intent: name, answer }, { text, entry: `intent:${name}` });
      }
    }
    this.list.push(...topics.values());
  }

  /** The topic of which one utterance reads, normalised, just like `message`. */
  exact(message: string): { topic: number; utterance: Utterance } | undefined {
    return this.#exact.get(normaliseText(message));
  }

  /** The utterance of a topic that shares most words with `message` (Dice coefficient). */
  nearest(topic: number, message: string): Utterance {
    const words = new Set(wordsOf(message));
    const utterances = this.list[topic]!.utterances;
    let best = utterances[0]!, bestLikeness = -1;
    for (const utterance of utterances) {
      const own = this.#wordsOf(utterance);
      let shared = 0;
      for (const word of own) if (words.has(word)) shared++;
      const likeness = shared / (own.length + words.size);
      if (likeness > bestLikeness) {
        best = utterance;
        bestLikeness = likeness;
      }
    }
    return best;
  }

  #wordsOf(utterance: Utterance): Uint32Array {
    let words = this.#words.get(utterance);
    if (!words) this.#words.set(utterance, words = wordsOf(utterance.text));
    return words;
  }
}

/** Hashes of the distinct stems of a text, without stop words where any other word is left. */
function wordsOf(text: string): Uint32Array {
  const words = normaliseText(text).split(" ");
  const meaningful = words.filter((word) => !isStopWord(word));
  const stems = new Set((meaningful.length > 0 ? meaningful : words).map(stem));
  return Uint32Array.from([...stems], (word) => hash(word, 0, word.length, 1));
}
