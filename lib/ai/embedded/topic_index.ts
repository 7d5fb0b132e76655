import type { BotDefinition } from "../responder.ts";
import { hash } from "./features.ts";
import { isStopWord, normaliseText, stem } from "./text.ts";
import type { TrainingSet } from "./training.ts";

/** The part of a bot that it answers from. */
export type Taught = Pick<BotDefinition, "knowledge" | "intents">;

/**
 * Where everything a bot can answer stands in its definition, as flat arrays. An utterance is one
 * example or one line of a question; they are numbered topic by topic.
 */
export interface TopicIndex {
  /** The utterances of topic t are `offsets[t]` up to `offsets[t + 1]`. */
  offsets: Uint32Array;
  /** By utterance: an index into `knowledge`, or behind its length one into `intents`. */
  entryOf: Uint32Array;
  /** By utterance: which line of the question, or which example. */
  partOf: Uint32Array;
  /** Hashes of the normalised utterances in ascending order, and the utterance of each. */
  exactKeys: Uint32Array;
  exactOf: Uint32Array;
  /** Hashes of an utterance's meaningful stems: `wordOffsets[u]` up to `wordOffsets[u + 1]`. */
  wordOffsets: Uint32Array;
  words: Uint32Array;
}

/** Most topics a classifier's 16-bit class numbers can tell apart. */
const MAX_TOPICS = 65_535;
/** From so many examples on, an intent's name or an entry's answer tells nothing more. */
const MIN_UNHINTED = 20;
/** An answer's beginning, in characters, says what it is about. */
const MAX_HINT = 300;
const EXACT_SEED = 13;

interface Found {
  entry: number;
  part: number;
  text: string;
  normalised: string;
}

/** Reads a bot: one topic for each intent and for each distinct answer of its knowledge. */
export function indexTopics(bot: Taught): { index: TopicIndex; set: TrainingSet } {
  const topics = collect(bot);
  const hints: Required<TrainingSet>["hints"] = { texts: [], labels: [] };
  const set: TrainingSet = { texts: [], labels: [], classes: topics.length, hints };
  const utterances = topics.flatMap(({ found }) => found);
  const offsets = new Uint32Array(topics.length + 1);
  topics.forEach(({ hint, found }, topic) => {
    offsets[topic + 1] = offsets[topic]! + found.length;
    for (const { text } of found) {
      set.texts.push(text);
      set.labels.push(topic);
    }
    if (found.length >= MIN_UNHINTED || normaliseText(hint) === "") return;
    hints.texts.push(hint);
    hints.labels.push(topic);
  });
  const words = utterances.map(({ normalised }) => wordsOf(normalised));
  const wordOffsets = new Uint32Array(utterances.length + 1);
  words.forEach((list, u) => wordOffsets[u + 1] = wordOffsets[u]! + list.length);
  const exact = utterances.map(({ normalised }, u) => [exactKey(normalised), u] as const)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const index: TopicIndex = {
    offsets,
    entryOf: Uint32Array.from(utterances, (u) => u.entry),
    partOf: Uint32Array.from(utterances, (u) => u.part),
    exactKeys: Uint32Array.from(exact, ([key]) => key),
    exactOf: Uint32Array.from(exact, ([, u]) => u),
    wordOffsets,
    words: Uint32Array.from(words.flat()),
  };
  return { index, set };
}

function collect({ knowledge, intents }: Taught): { hint: string; found: Found[] }[] {
  const topics = new Map<string, { hint: string; found: Found[] }>();
  const add = (name: string, hint: string, entry: number, texts: string[]) => {
    texts.forEach((text, part) => {
      const normalised = normaliseText(text);
      if (normalised === "") return;
      const topic = topics.get(name) ?? { hint, found: [] };
      topic.found.push({ entry, part, text, normalised });
      topics.set(name, topic);
    });
  };
  knowledge.forEach(({ question, answer }, n) => {
    if (answer.trim() === "") return;
    add(`k:${answer}`, answer.slice(0, MAX_HINT), n, question.split("\n"));
  });
  intents.forEach(({ name, examples, answer }, n) => {
    if (answer.trim() === "") return;
    add(`i:${name}`, name.replaceAll("_", " "), knowledge.length + n, examples);
  });
  return [...topics.values()].slice(0, MAX_TOPICS);
}

/** The hash under which a normalised utterance is found. */
export function exactKey(normalised: string): number {
  return hash(normalised, 0, normalised.length, EXACT_SEED);
}

/** Hashes of the distinct stems of a text, without stop words where any other word is left. */
export function wordsOf(normalised: string): number[] {
  const words = normalised.split(" ");
  const meaningful = words.filter((word) => !isStopWord(word));
  const stems = new Set((meaningful.length > 0 ? meaningful : words).map(stem));
  return [...stems].map((word) => hash(word, 0, word.length, 1));
}
