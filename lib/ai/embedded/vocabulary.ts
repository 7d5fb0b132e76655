import type { FeatureBag } from "./features.ts";

/** A message as a vector over a vocabulary, of length 1 (or 0 where nothing is known). */
export interface SparseVector {
  indices: Int32Array;
  values: Float32Array;
  /** 0–1: how much of the message, by weight, the vocabulary knows. */
  coverage: number;
}

/** A vocabulary as flat arrays, so that it moves between threads without a copy. */
export interface VocabularyData {
  /** Open-addressing table of feature hashes; its length is a power of two. */
  keys: Uint32Array;
  /** Beside each key its feature's index, or -1 where the slot is free. */
  slots: Int32Array;
  /** Inverse document frequency by index. */
  idf: Float32Array;
  unknownIdf: number;
}

/** Which features a bot knows and how telling each is (TF-IDF, smoothed, sublinear in TF). */
export class Vocabulary {
  readonly data: VocabularyData;

  constructor(data: VocabularyData) {
    this.data = data;
  }

  get size(): number {
    return this.data.idf.length;
  }

  /**
   * Keeps the features that occur in at least `minDocuments` of the bags, at most `maxSize` of
   * them (the most frequent; ties in order of appearance, so that equal input gives equal output).
   * The first `ownBags` bags are the bot's own examples; what occurs in the others alone must do
   * so twice to count as known.
   */
  static fit(
    bags: FeatureBag[],
    ownBags: number,
    minDocuments: number,
    maxSize: number,
  ): Vocabulary {
    const counts = new Map<number, { count: number; own: boolean }>();
    bags.forEach((bag, i) => {
      for (const key of bag.keys()) {
        const known = counts.get(key);
        if (known) known.count++;
        else counts.set(key, { count: 1, own: i < ownBags });
      }
    });
    let kept = [...counts].filter(([, { count, own }]) =>
      count >= (own ? minDocuments : Math.max(2, minDocuments))
    );
    if (kept.length > maxSize) {
      kept = kept.sort((a, b) => b[1].count - a[1].count).slice(0, maxSize);
    }

    const capacity = 2 ** Math.ceil(Math.log2(Math.max(2, kept.length * 2)));
    const keys = new Uint32Array(capacity);
    const slots = new Int32Array(capacity).fill(-1);
    const idf = new Float32Array(kept.length);
    for (let index = 0; index < kept.length; index++) {
      const [key, { count }] = kept[index]!;
      let slot = key & (capacity - 1);
      while (slots[slot] !== -1) slot = (slot + 1) & (capacity - 1);
      keys[slot] = key;
      slots[slot] = index;
      idf[index] = Math.log((1 + bags.length) / (1 + count)) + 1;
    }
    return new Vocabulary({
      keys,
      slots,
      idf,
      unknownIdf: Math.log(1 + bags.length) + 1,
    });
  }

  /** The bag's vector. */
  vector(bag: FeatureBag): SparseVector {
    const { idf, unknownIdf } = this.data;
    const indices = new Int32Array(bag.size);
    const values = new Float32Array(bag.size);
    let length = 0, known = 0, all = 0;
    for (const [key, weight] of bag) {
      const index = this.#find(key);
      const value = (weight > 1 ? 1 + Math.log(weight) : weight) *
        (index < 0 ? unknownIdf : idf[index]!);
      all += value * value;
      if (index < 0) continue;
      indices[length] = index;
      values[length++] = value;
      known += value * value;
    }
    const scale = known > 0 ? 1 / Math.sqrt(known) : 0;
    for (let i = 0; i < length; i++) values[i]! *= scale;
    return {
      indices: indices.subarray(0, length),
      values: values.subarray(0, length),
      coverage: all > 0 ? Math.sqrt(known / all) : 0,
    };
  }

  #find(key: number): number {
    const { keys, slots } = this.data;
    const mask = slots.length - 1;
    for (let slot = key & mask;; slot = (slot + 1) & mask) {
      if (slots[slot] === -1) return -1;
      if (keys[slot] === key) return slots[slot]!;
    }
  }
}
