import type { ClassifierData } from "./classifier.ts";
import { BACKGROUND } from "./background.ts";
import { type FeatureBag, featuresOf } from "./features.ts";
import { type SparseVector, Vocabulary } from "./vocabulary.ts";

/** Examples and the class of each, 0 to `classes` - 1. Plain data, for `postMessage`. */
export interface TrainingSet {
  texts: string[];
  labels: number[];
  classes: number;
  /** Texts that say what a class is about without being examples of what people write. */
  hints?: { texts: string[]; labels: number[] };
}

/** Most weights (features × classes) held while training: 200 MB, in the worker only. */
const MAX_DENSE_WEIGHTS = 50_000_000;
/** With fewer features than this, training is not worth its while. */
const MIN_FEATURES = 10_000;
/** Most multiplications of a training, some 30 s of one core. */
const MAX_WORK = 3e10;
/** From so many examples on, rare features and late epochs add cost rather than accuracy. */
const LARGE = 3_000;
const LEARNING_RATE = 8;
const BIAS_RATE = 0.8;
/** Weights smaller than this change no decision worth the memory. */
const PRUNE_BELOW = 0.05;
/** A centroid's cosine × this + bias lies on the same scale as a trained logit. */
const CENTROID_SCALE = 12;
const CENTROID_BIAS = -6;

/** A classifier that lacks only its threshold. */
export type Weights = Omit<ClassifierData, "threshold" | "calibratedOn" | "trainingMs">;
type Fitted = Pick<Weights, "method" | "offsets" | "classOf" | "weights" | "bias">;

/** A training between two slices of its work; whoever drives it may do other things in between. */
export type Slices<T> = Generator<void, T, void>;

/** Texts and multiplications of a slice: a few milliseconds of either. */
const TEXTS_A_SLICE = 200;
const WORK_A_SLICE = 2_000_000;

/** Does all of it at once. */
export function atOnce<T>(slices: Slices<T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/**
 * Fits a vocabulary and one-against-rest logistic regressions (stochastic gradient descent, rate
 * falling to 0), or class centroids where that would take too long. Deterministic: equal examples
 * give equal weights. Everyday sentences serve as examples of no class.
 */
export function* fit(set: TrainingSet): Slices<Weights> {
  const bags: FeatureBag[] = [];
  for (const text of [...set.texts, ...set.hints?.texts ?? []]) {
    if (bags.push(featuresOf(text)) % TEXTS_A_SLICE === 0) yield;
  }
  const background = backgroundBags(bags);
  yield;
  const all = [...bags, ...background];
  const minDocuments = bags.length >= LARGE ? 2 : 1;
  const maxFeatures = Math.floor(MAX_DENSE_WEIGHTS / Math.max(1, set.classes));
  const trainable = maxFeatures >= MIN_FEATURES;
  const vocabulary = Vocabulary.fit(
    all,
    bags.length,
    minDocuments,
    trainable ? maxFeatures : 500_000,
  );
  yield;
  const vectors: SparseVector[] = [];
  for (const bag of all) {
    if (vectors.push(vocabulary.vector(bag)) % TEXTS_A_SLICE === 0) yield;
  }
  const given = [...set.labels, ...set.hints?.labels ?? []];
  const labels = Int32Array.from(all, (_, i) => given[i] ?? -1);
  const epochs = bags.length >= LARGE ? 8 : 15;
  const work = vectors.reduce((sum, v) => sum + v.indices.length, 0) * set.classes * epochs * 2;
  const fitted = trainable && work <= MAX_WORK
    ? yield* descend(vocabulary, vectors, labels, set.classes, epochs)
    : centroids(vocabulary, vectors, labels, set.classes);
  const sizes = new Uint32Array(set.classes);
  for (const label of set.labels) sizes[label]!++;
  return { ...fitted, vocabulary: vocabulary.data, classes: set.classes, sizes };
}

let everyday: FeatureBag[] | undefined;

/** Everyday sentences, but none that shares much with what a small bot is about. */
function backgroundBags(bags: FeatureBag[]): FeatureBag[] {
  everyday ??= BACKGROUND.map(featuresOf);
  if (bags.length >= LARGE) return everyday;
  const own = new Set(bags.flatMap((bag) => [...bag.keys()]));
  return everyday.filter((bag) => {
    let shared = 0;
    for (const key of bag.keys()) if (own.has(key)) shared++;
    return shared / bag.size < 0.5;
  });
}

function* descend(
  vocabulary: Vocabulary,
  vectors: SparseVector[],
  labels: Int32Array,
  classes: number,
  epochs: number,
): Slices<Fitted> {
  const dense = new Float32Array(vocabulary.size * classes);
  const bias = new Float32Array(classes);
  const gradient = new Float32Array(classes);
  const order = Int32Array.from(vectors.keys());
  const random = mulberry32(3);
  const steps = vectors.length * epochs;
  let step = 0;
  let work = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    for (const n of order) {
      const { indices, values } = vectors[n]!;
      gradient.set(bias);
      for (let k = 0; k < indices.length; k++) {
        const row = indices[k]! * classes, value = values[k]!;
        for (let c = 0; c < classes; c++) gradient[c]! += dense[row + c]! * value;
      }
      const rate = 1 - step++ / steps;
      for (let c = 0; c < classes; c++) {
        const error = 1 / (1 + Math.exp(-gradient[c]!)) - (c === labels[n] ? 1 : 0);
        bias[c]! -= BIAS_RATE * rate * error;
        gradient[c] = LEARNING_RATE * rate * error;
      }
      for (let k = 0; k < indices.length; k++) {
        const row = indices[k]! * classes, value = values[k]!;
        for (let c = 0; c < classes; c++) dense[row + c]! -= gradient[c]! * value;
      }
      if ((work += 2 * indices.length * classes) < WORK_A_SLICE) continue;
      work = 0;
      yield;
    }
  }
  return { method: "trained", bias, ...prune(dense, vocabulary.size, classes) };
}

/** Keeps what matters of a dense matrix, feature by feature. */
function prune(dense: Float32Array, features: number, classes: number) {
  let kept = 0;
  for (const weight of dense) if (Math.abs(weight) >= PRUNE_BELOW) kept++;
  const offsets = new Uint32Array(features + 1);
  const classOf = new Uint16Array(kept);
  const weights = new Float32Array(kept);
  let next = 0;
  for (let f = 0; f < features; f++) {
    for (let c = 0; c < classes; c++) {
      const weight = dense[f * classes + c]!;
      if (Math.abs(weight) < PRUNE_BELOW) continue;
      classOf[next] = c;
      weights[next++] = weight;
    }
    offsets[f + 1] = next;
  }
  return { offsets, classOf, weights };
}

function centroids(
  vocabulary: Vocabulary,
  vectors: SparseVector[],
  labels: Int32Array,
  classes: number,
): Fitted {
  const sums = Array.from({ length: classes }, () => new Map<number, number>());
  vectors.forEach(({ indices, values }, n) => {
    const sum = sums[labels[n]!];
    if (!sum) return;
    indices.forEach((f, k) => sum.set(f, (sum.get(f) ?? 0) + values[k]!));
  });
  const offsets = new Uint32Array(vocabulary.size + 1);
  for (const sum of sums) for (const f of sum.keys()) offsets[f + 1]!++;
  for (let f = 0; f < vocabulary.size; f++) offsets[f + 1]! += offsets[f]!;
  const next = offsets.slice();
  const classOf = new Uint16Array(offsets[vocabulary.size]!);
  const weights = new Float32Array(classOf.length);
  sums.forEach((sum, c) => {
    let square = 0;
    for (const value of sum.values()) square += value * value;
    const scale = square > 0 ? CENTROID_SCALE / Math.sqrt(square) : 0;
    for (const [f, value] of sum) {
      classOf[next[f]!] = c;
      weights[next[f]!++] = value * scale;
    }
  });
  const bias = new Float32Array(classes).fill(CENTROID_BIAS);
  return { method: "centroids", offsets, classOf, weights, bias };
}

/** Fisher–Yates, in place. */
export function shuffle(order: Int32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
}

/** A small seeded generator of numbers in [0, 1) (Tommy Ettinger's Mulberry32). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
