import { featuresOf } from "./features.ts";
import { type SparseVector, Vocabulary, type VocabularyData } from "./vocabulary.ts";

/** A trained classifier as flat arrays: moves between threads without a copy. */
export interface ClassifierData {
  vocabulary: VocabularyData;
  /** How its weights came about: trained by gradient descent, or class centroids. */
  method: "trained" | "centroids";
  classes: number;
  /** Weights by feature: those of feature f stand at `offsets[f]` up to `offsets[f + 1]`. */
  offsets: Uint32Array;
  classOf: Uint16Array;
  weights: Float32Array;
  bias: Float32Array;
  /** How many examples each class has. */
  sizes: Uint32Array;
  /** Scores below it abstain. */
  threshold: number;
  /** How many held-back messages set the threshold; 0 = too few examples, the default holds. */
  calibratedOn: number;
  trainingMs: number;
}

export interface Classification {
  /** Index of the best class; -1 where nothing of the message is known. */
  best: number;
  /** 0–1, an estimate of the probability that `best` is right. */
  score: number;
}

/** What a score is computed from; all of it is comparable between bots of any size. */
export interface Evidence {
  best: number;
  /** How many examples the best class has; 0 where nothing is known. */
  examples: number;
  /** The best class's linear score, in log-odds. */
  logit: number;
  /** How far the best class leads the second; at most 10. */
  margin: number;
  /** 0–1, see SparseVector. */
  coverage: number;
}

/** The margin of an only class, which has no rival to lead. */
const LONE_MARGIN = 2;

/** Coefficients of the logistic score; docs/ai.md says how they were fitted. */
const SCORE = {
  trained: { logit: 0.445, margin: 1.266, coverage: 3.722, rarity: 2.746, intercept: -4.501 },
  centroids: { logit: 0.729, margin: 1.946, coverage: 3.315, rarity: 0.177, intercept: -2.832 },
};

/** Linear one-against-rest scores over TF-IDF features, and a calibrated score of the best. */
export class Classifier {
  readonly data: ClassifierData;
  readonly #vocabulary: Vocabulary;
  readonly #logits: Float32Array;

  constructor(data: ClassifierData) {
    this.data = data;
    this.#vocabulary = new Vocabulary(data.vocabulary);
    this.#logits = new Float32Array(data.classes);
  }

  classify(text: string): Classification {
    const evidence = this.evidence(text);
    return { best: evidence.best, score: scoreOf(evidence, this.data.method) };
  }

  /** The evidence for the best class. */
  evidence(text: string): Evidence {
    const vector = this.#vocabulary.vector(featuresOf(text));
    if (vector.coverage === 0 || this.data.classes === 0) {
      return { best: -1, examples: 0, logit: -10, margin: 0, coverage: 0 };
    }
    const logits = this.#score(vector);
    let best = 0, second = -Infinity;
    for (let c = 1; c < logits.length; c++) {
      if (logits[c]! > logits[best]!) {
        second = logits[best]!;
        best = c;
      } else if (logits[c]! > second) second = logits[c]!;
    }
    const logit = logits[best]!;
    return {
      best,
      examples: this.data.sizes[best]!,
      logit,
      margin: logits.length === 1 ? LONE_MARGIN : Math.min(10, logit - second),
      coverage: vector.coverage,
    };
  }

  #score({ indices, values }: SparseVector): Float32Array {
    const { offsets, classOf, weights, bias } = this.data;
    const logits = this.#logits;
    logits.set(bias);
    for (let k = 0; k < indices.length; k++) {
      const value = values[k]!;
      const end = offsets[indices[k]! + 1]!;
      for (let i = offsets[indices[k]!]!; i < end; i++) {
        logits[classOf[i]!]! += weights[i]! * value;
      }
    }
    return logits;
  }
}

/** The score of an evidence, between 0 and 1. */
export function scoreOf(evidence: Evidence, method: ClassifierData["method"]): number {
  if (evidence.best < 0) return 0;
  const c = SCORE[method];
  const z = c.intercept + c.logit * evidence.logit + c.margin * Math.sqrt(evidence.margin) +
    c.coverage * evidence.coverage + c.rarity / Math.max(1, evidence.examples);
  return 1 / (1 + Math.exp(-z));
}

/** Bytes that a classifier keeps in memory. */
export function classifierBytes(data: ClassifierData): number {
  const { keys, slots, idf } = data.vocabulary;
  return [keys, slots, idf, data.offsets, data.classOf, data.weights, data.bias, data.sizes]
    .reduce((sum, array) => sum + array.byteLength, 0);
}
