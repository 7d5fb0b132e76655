import type { Embedder } from "../embedder.ts";
import { BACKGROUND } from "./background.ts";
import { featuresOf } from "./features.ts";

const DIMENSIONS = 1_024;

/**
 * An embedder without a model: the classifier's features (stems, pairs, concepts, character 3- and
 * 4-grams) weighted by TF-IDF and folded into 1,024 dimensions by signed hashing (Weinberger et
 * al., 2009). What is rare is reckoned from everyday sentences, so that equal texts have equal
 * vectors in every process.
 */
export class HashedEmbedder implements Embedder {
  readonly #documents = new Map<number, number>();

  constructor() {
    for (const sentence of BACKGROUND) {
      for (const key of featuresOf(sentence).keys()) {
        this.#documents.set(key, (this.#documents.get(key) ?? 0) + 1);
      }
    }
  }

  embed(text: string): Float32Array {
    const vector = new Float32Array(DIMENSIONS);
    for (const [key, weight] of featuresOf(text)) {
      const idf = Math.log((1 + BACKGROUND.length) / (1 + (this.#documents.get(key) ?? 0))) + 1;
      const value = (weight > 1 ? 1 + Math.log(weight) : weight) * idf;
      vector[key % DIMENSIONS]! += key & 0x8000_0000 ? -value : value;
    }
    const length = Math.hypot(...vector);
    return length > 0 ? vector.map((value) => value / length) : vector;
  }
}
