import { conceptOf } from "./synonyms.ts";
import { isStopWord, normaliseText, stem } from "./text.ts";

/**
 * A message as a bag of hashed features: word stems, neighbouring stems, near pairs of meaningful
 * stems, concepts that everyday synonyms share, and character 3- and 4-grams across word boundaries
 * (these forgive typing errors).
 * Keys are 32-bit hashes: with at most some 100,000 features a bot, a collision is a rarity that
 * costs nothing but a little accuracy, and no strings have to be kept or sent to a worker.
 */
export type FeatureBag = Map<number, number>;

/** How much a family of features counts beside one character n-gram. */
const WORD_WEIGHT = 2;
const STOP_WORD_WEIGHT = 1;
const PAIR_WEIGHT = 1;
const CONCEPT_WEIGHT = 4;
/** Two meaningful words at most this many meaningful words apart make a pair. */
const PAIR_SPAN = 3;
const SEED = {
  word: 1,
  edge: 7,
  bigram: 0x9e3779b9,
  pair: 0x777,
  pairWord: 55,
  ngram: 101,
  concept: 0x5bd1e995,
  conceptPair: 0x27d4eb2d,
};

/** The features of `text`, which need not be normalised, each with its weight (above 0). */
export function featuresOf(text: string): FeatureBag {
  const bag: FeatureBag = new Map();
  const normalised = normaliseText(text);
  if (normalised === "") return bag;
  const add = (key: number, weight: number) => bag.set(key, (bag.get(key) ?? 0) + weight);

  const stems = normalised.split(" ").map((word) => {
    const text = stem(word);
    return { stop: isStopWord(word), text, concept: conceptOf(word, text) };
  });
  let previous = SEED.edge;
  const meaningful: number[] = [];
  for (const { stop, text, concept } of stems) {
    const key = hash(text, 0, text.length, SEED.word);
    add(key, stop ? STOP_WORD_WEIGHT : WORD_WEIGHT);
    add(follow(previous, key), 1);
    previous = key;
    if (concept > 0) add(Math.imul(concept, SEED.concept) >>> 0, CONCEPT_WEIGHT);
    if (!stop) {
      meaningful.push(
        concept > 0
          ? Math.imul(concept, SEED.conceptPair) >>> 0
          : hash(text, 0, text.length, SEED.pairWord),
      );
    }
  }
  add(follow(previous, SEED.edge), 1);
  for (let i = 0; i < meaningful.length; i++) {
    const end = Math.min(meaningful.length, i + 1 + PAIR_SPAN);
    for (let j = i + 1; j < end; j++) {
      add((meaningful[i]! ^ meaningful[j]! ^ SEED.pair) >>> 0, PAIR_WEIGHT);
    }
  }
  const padded = ` ${normalised} `;
  for (const n of [3, 4]) {
    for (let i = 0; i + n <= padded.length; i++) add(hash(padded, i, i + n, n * SEED.ngram), 1);
  }
  return bag;
}

/** Hash of an ordered pair of hashes. */
function follow(first: number, second: number): number {
  return (Math.imul(first, 31) ^ second ^ SEED.bigram) >>> 0;
}

/** FNV-1a over UTF-16 code units from `start` to `end`, finished by MurmurHash3's mixer. */
export function hash(text: string, start: number, end: number, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = start; i < end; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
