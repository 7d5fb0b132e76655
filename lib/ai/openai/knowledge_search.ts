import { LRUCache } from "lru-cache";
import MiniSearch from "minisearch";
import { isStopWord, normaliseText, stem } from "../embedded/text.ts";
import type { BotDefinition } from "../responder.ts";

/** An entry of a bot that fits a message, as it is handed to a model. */
export interface FoundEntry {
  /** `knowledge:<index>` or `intent:<name>`. */
  id: string;
  question: string;
  answer: string;
  /** 0–1: which share of the message's meaningful words the entry has. */
  score: number;
}

/** Indexes are kept for bots of this many characters altogether. */
const MAX_INDEXED_CHARACTERS = 16_000_000;
/** Of a long message only its first meaningful words are searched for. */
const MAX_QUERY_WORDS = 64;
const FUZZY = 0.2;

interface Index {
  search: MiniSearch;
  entries: Omit<FoundEntry, "score">[];
}

/** Full-text search over what a bot knows, for models that need no training to be asked. */
export class KnowledgeSearch {
  readonly #indexes = new LRUCache<string, Index>({
    maxSize: MAX_INDEXED_CHARACTERS,
    sizeCalculation: ({ entries }) =>
      1 + entries.reduce((sum, e) => sum + e.question.length + e.answer.length, 0),
  });

  /** The best entries, best first. */
  find(bot: BotDefinition, message: string, limit: number): FoundEntry[] {
    const words = [...new Set(meaningfulWords(message))].slice(0, MAX_QUERY_WORDS);
    if (words.length === 0 || bot.knowledge.length + bot.intents.length === 0) return [];
    const { search, entries } = this.#index(bot);
    return search.search(words.join(" "), { fuzzy: FUZZY }).slice(0, limit).map((hit) => ({
      ...entries[hit.id]!,
      score: Math.min(1, hit.queryTerms.length / words.length),
    }));
  }

  #index(bot: BotDefinition): Index {
    const key = `${bot.version}:${bot.botId}`;
    let index = this.#indexes.get(key);
    if (index) return index;
    const entries = [
      ...bot.knowledge.map((entry, i) => ({ id: `knowledge:${i}`, ...entry })),
      ...bot.intents.map(({ name, examples, answer }) => (
        { id: `intent:${name}`, question: examples.join("\n"), answer }
      )),
    ];
    const search = new MiniSearch({
      fields: ["question", "answer"],
      tokenize: meaningfulWords,
      processTerm: (term) => term,
      searchOptions: { boost: { question: 2 } },
    });
    search.addAll(entries.map(({ question, answer }, id) => ({ id, question, answer })));
    index = { search, entries };
    this.#indexes.set(key, index);
    return index;
  }
}

/** The stems of a text's words; without stop words where any other word is left. */
function meaningfulWords(text: string): string[] {
  const words = normaliseText(text).split(" ").filter((word) => word !== "");
  const meaningful = words.filter((word) => !isStopWord(word));
  return (meaningful.length > 0 ? meaningful : words).map(stem).filter((word) => word !== "");
}
