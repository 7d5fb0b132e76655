import { isStopWord, normaliseText, stem } from "../ai/embedded/text.ts";

/** Of a long question its beginning is compared. */
const MAX_LENGTH = 400;
const MAX_WORDS = 24;
/** Questions that share this part of all their words are alike. */
const ALIKE = 0.5;

/**
 * The words that a question is about: stems in order of the alphabet, each once. Stemmed twice,
 * since *orders* has two endings where *order* has one.
 */
export function wordsOf(question: string): string[] {
  const words = normaliseText(question.slice(0, MAX_LENGTH)).split(" ").filter(Boolean);
  const telling = words.filter((word) => !isStopWord(word));
  const stems = (telling.length > 0 ? telling : words).map((word) => stem(stem(word)));
  return [...new Set(stems)].sort().slice(0, MAX_WORDS);
}

/** A short name for a set of words: equal sets have equal ones. 53 bits of a cyrb53 hash. */
export function signatureOf(words: readonly string[]): string {
  let [h1, h2] = [0xdeadbeef, 0x41c6ce57];
  for (const char of words.join(" ")) {
    const code = char.codePointAt(0)!;
    h1 = Math.imul(h1 ^ code, 2654435761);
    h2 = Math.imul(h2 ^ code, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return (4294967296 * (2097151 & h2) + (h1 >>> 0)).toString(36);
}

/**
 * Groups of likes: each item, most frequent first, joins the group whose first member shares the
 * largest part of all words with it (Jaccard, at least one half), or opens one.
 */
export function groupLikes<T extends { words: readonly string[]; count: number }>(
  items: readonly T[],
): T[][] {
  const groups: T[][] = [];
  const byWord = new Map<string, number[]>();
  for (const item of [...items].sort((a, b) => b.count - a.count)) {
    const shared = new Map<number, number>();
    for (const word of item.words) {
      for (const group of byWord.get(word) ?? []) shared.set(group, (shared.get(group) ?? 0) + 1);
    }
    let [best, likeness] = [-1, 0];
    for (const [group, common] of shared) {
      const all = item.words.length + groups[group]![0]!.words.length - common;
      if (common / all > likeness) [best, likeness] = [group, common / all];
    }
    if (likeness >= ALIKE) {
      groups[best]!.push(item);
      continue;
    }
    for (const word of item.words) {
      const list = byWord.get(word);
      if (list) list.push(groups.length);
      else byWord.set(word, [groups.length]);
    }
    groups.push([item]);
  }
  return groups;
}
