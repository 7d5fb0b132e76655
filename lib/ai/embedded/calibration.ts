import { Classifier, type ClassifierData, type Evidence, scoreOf } from "./classifier.ts";
import { fit, mulberry32, shuffle, type Slices, type TrainingSet } from "./training.ts";

/** Where there are too few examples to hold any back. */
export const DEFAULT_THRESHOLD = 0.5;
/** A threshold never leaves these bounds, however odd the examples. */
const BOUNDS = { lowest: 0.3, highest: 0.8 };
/** One class in seven and one example in seven of the others is held back. */
const HOLD_BACK = 1 / 7;
const MIN_CLASSES = 7;
const MIN_HELD_BACK = 30;
/** One message in five is reckoned to be off the bot's topics. */
const OFF_TOPIC_SHARE = 0.2;
/** Larger bots are calibrated on a sample of this many examples. */
const MAX_CALIBRATION_EXAMPLES = 6_000;

/** Fits a classifier and sets its threshold on examples that were held back from another fit. */
export function* train(set: TrainingSet): Slices<ClassifierData> {
  const startedAt = performance.now();
  const weights = yield* fit(set);
  const calibration = yield* calibrate(set);
  return { ...weights, ...calibration, trainingMs: performance.now() - startedAt };
}

/**
 * Fits once more without a part of the examples and without some whole classes, whose examples
 * then stand for messages off the bot's topics. The threshold chosen makes right answers minus
 * wrong answers (off-topic messages answered among them) greatest on what was held back.
 */
function* calibrate(
  set: TrainingSet,
): Slices<Pick<ClassifierData, "threshold" | "calibratedOn">> {
  const split = holdBack(set);
  if (!split) return { threshold: DEFAULT_THRESHOLD, calibratedOn: 0 };
  const weights = yield* fit(split.training);
  const classifier = new Classifier({
    ...weights,
    threshold: DEFAULT_THRESHOLD,
    calibratedOn: 0,
    trainingMs: 0,
  });
  yield;
  const scored = split.heldBack.map(({ text, label }) => {
    const evidence: Evidence = classifier.evidence(text);
    return { score: scoreOf(evidence, weights.method), label, best: evidence.best };
  });
  const offTopic = scored.filter((s) => s.label < 0).length;
  const onTopic = scored.length - offTopic;
  const offTopicWeight = offTopic === 0 ? 0 : OFF_TOPIC_SHARE / offTopic;
  const onTopicWeight = (1 - OFF_TOPIC_SHARE) / onTopic;

  scored.sort((a, b) => b.score - a.score);
  let gain = 0, bestGain = 0, threshold = BOUNDS.highest;
  for (const { score, label, best } of scored) {
    if (score < BOUNDS.lowest) break;
    gain += label < 0 ? -offTopicWeight : best === label ? onTopicWeight : -onTopicWeight;
    if (gain > bestGain) {
      bestGain = gain;
      threshold = score;
    }
  }
  return { threshold: Math.min(BOUNDS.highest, threshold), calibratedOn: scored.length };
}

interface Split {
  training: TrainingSet;
  /** Label -1: the example's class was left out of training. */
  heldBack: { text: string; label: number }[];
}

/** A deterministic split, or null where the examples are too few to give any away. */
function holdBack(set: TrainingSet): Split | null {
  const random = mulberry32(7);
  const byClass: number[][] = Array.from({ length: set.classes }, () => []);
  const order = Int32Array.from(set.texts.keys());
  shuffle(order, random);
  for (const i of order) byClass[set.labels[i]!]!.push(i);
  const classes = Int32Array.from(byClass.keys());
  shuffle(classes, random);
  const leftOut = set.classes < MIN_CLASSES ? 0 : Math.floor(set.classes * HOLD_BACK);
  const keepEach = Math.max(2, Math.floor(MAX_CALIBRATION_EXAMPLES / set.classes));

  const heldBack: Split["heldBack"] = [];
  const hints: Required<TrainingSet>["hints"] = { texts: [], labels: [] };
  const training: TrainingSet = { texts: [], labels: [], classes: set.classes - leftOut, hints };
  const newLabels = new Int32Array(set.classes);
  classes.forEach((c, position) => newLabels[c] = position - leftOut);
  set.hints?.labels.forEach((label, i) => {
    if (newLabels[label]! < 0) return;
    hints.texts.push(set.hints!.texts[i]!);
    hints.labels.push(newLabels[label]!);
  });
  classes.forEach((c, position) => {
    const examples = byClass[c]!.slice(0, keepEach);
    const label = position - leftOut;
    const away = label < 0 ? examples.length : Math.floor(examples.length * HOLD_BACK + 0.3);
    examples.forEach((i, n) => {
      const text = set.texts[i]!;
      if (n < away) heldBack.push({ text, label: Math.max(-1, label) });
      else {
        training.texts.push(text);
        training.labels.push(label);
      }
    });
  });
  const onTopic = heldBack.filter((h) => h.label >= 0).length;
  return onTopic < MIN_HELD_BACK ? null : { training, heldBack };
}
