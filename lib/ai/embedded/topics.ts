import { normaliseText } from "./text.ts";
import { exactKey, type Taught, type TopicIndex, wordsOf } from "./topic_index.ts";

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
}

/** Looks up in a bot's definition what its index points at. Costs nothing to make. */
export class Topics {
  constructor(readonly bot: Taught, readonly index: TopicIndex) {}

  get count(): number {
    return this.index.offsets.length - 1;
  }

  topic(topic: number): Topic {
    const { knowledge, intents } = this.bot;
    const entry = this.index.entryOf[this.index.offsets[topic]!]!;
    if (entry < knowledge.length) {
      return { kind: "knowledge", intent: null, answer: knowledge[entry]!.answer };
    }
    const { name, answer } = intents[entry - knowledge.length]!;
    return { kind: "intent", intent: name, answer };
  }

  utterance(number: number): Utterance {
    const { knowledge, intents } = this.bot;
    const entry = this.index.entryOf[number]!;
    const part = this.index.partOf[number]!;
    if (entry < knowledge.length) {
      return { text: knowledge[entry]!.question.split("\n")[part]!, entry: `knowledge:${entry}` };
    }
    const intent = intents[entry - knowledge.length]!;
    return { text: intent.examples[part]!, entry: `intent:${intent.name}` };
  }

  /** The topic of which one utterance reads, normalised, just like `message`. */
  exact(message: string): { topic: number; utterance: Utterance } | undefined {
    const { exactKeys, exactOf } = this.index;
    const normalised = normaliseText(message);
    const key = exactKey(normalised);
    for (let at = firstNotBelow(exactKeys, key); exactKeys[at] === key; at++) {
      const utterance = this.utterance(exactOf[at]!);
      if (normaliseText(utterance.text) !== normalised) continue;
      return { topic: this.#topicOf(exactOf[at]!), utterance };
    }
  }

  /** The utterance of a topic that shares most words with `message` (Dice coefficient). */
  nearest(topic: number, message: string): Utterance {
    const { offsets, wordOffsets, words } = this.index;
    const asked = new Set(wordsOf(normaliseText(message)));
    let best = offsets[topic]!, bestLikeness = -1;
    for (let u = offsets[topic]!; u < offsets[topic + 1]!; u++) {
      let shared = 0;
      for (let w = wordOffsets[u]!; w < wordOffsets[u + 1]!; w++) {
        if (asked.has(words[w]!)) shared++;
      }
      const likeness = shared / (wordOffsets[u + 1]! - wordOffsets[u]! + asked.size);
      if (likeness > bestLikeness) {
        best = u;
        bestLikeness = likeness;
      }
    }
    return this.utterance(best);
  }

  #topicOf(utterance: number): number {
    return firstNotBelow(this.index.offsets, utterance + 1) - 1;
  }
}

/** The first position of an ascending array whose value is not below `value`. */
function firstNotBelow(ascending: Uint32Array, value: number): number {
  let from = 0, to = ascending.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ascending[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
