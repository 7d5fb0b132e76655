import assert from "node:assert/strict";
import { largeBot, shopBot } from "../../../tests/support/bots.ts";
import { train } from "./calibration.ts";
import { Classifier, classifierBytes } from "./classifier.ts";
import { indexTopics } from "./topic_index.ts";
import { Topics } from "./topics.ts";
import { atOnce, fit, type TrainingSet } from "./training.ts";

const large = indexTopics(largeBot()).set;

/** Every fourth example apart from the others, class by class. */
function split(set: TrainingSet): { training: TrainingSet; rest: [string, number][] } {
  const training: TrainingSet = { texts: [], labels: [], classes: set.classes };
  const rest: [string, number][] = [];
  set.texts.forEach((text, i) => {
    if (i % 4 === 2) return rest.push([text, set.labels[i]!]);
    training.texts.push(text);
    training.labels.push(set.labels[i]!);
  });
  return { training, rest };
}

Deno.test("a classifier tells unseen messages of 80 intents apart, and others from them", () => {
  const { training, rest } = split(large);
  const classifier = new Classifier(atOnce(train(training)));
  const right = rest.filter(([text, label]) => classifier.classify(text).best === label);
  assert.ok(right.length / rest.length > 0.97, `${right.length} of ${rest.length}`);
  assert.ok(classifier.data.calibratedOn > 100);
  const { threshold } = classifier.data;
  const answered = rest.filter(([text]) => classifier.classify(text).score >= threshold);
  assert.ok(answered.length / rest.length > 0.9);
  for (const text of ["why is the sky blue", "sing a song about mountains", "qwertz uiop"]) {
    assert.ok(classifier.classify(text).score < threshold, text);
  }
});

Deno.test("equal examples give equal weights", () => {
  const { training } = split(large);
  assert.deepEqual(atOnce(fit(training)).weights, atOnce(fit(training)).weights);
});

Deno.test("where training would take too long, centroids answer as well", () => {
  const texts = Array.from(
    { length: 6_000 },
    (_, i) => `question number ${i} about topic ${i * 7}`,
  );
  const labels = texts.map((_, i) => i);
  const weights = atOnce(fit({ texts, labels, classes: texts.length }));
  assert.equal(weights.method, "centroids");
  const classifier = new Classifier({
    ...weights,
    threshold: 0.5,
    calibratedOn: 0,
    trainingMs: 0,
  });
  const { best, score } = classifier.classify("what about question number 4711 topic 32977");
  assert.equal(best, 4711);
  assert.ok(score > 0.5);
  assert.ok(classifierBytes(classifier.data) < 50_000_000);
});

Deno.test("one class, no class and empty messages have scores, too", () => {
  const { set } = indexTopics(
    shopBot({ intents: [], knowledge: shopBot().knowledge.slice(0, 1) }),
  );
  const one = new Classifier(atOnce(train(set)));
  assert.ok(one.classify("when are your opening hours").score > one.data.threshold);
  assert.ok(one.classify("who is the president of france").score < one.data.threshold);
  const none = new Classifier(atOnce(train({ texts: [], labels: [], classes: 0 })));
  for (const classifier of [one, none]) {
    assert.deepEqual(classifier.classify("?!"), { best: -1, score: 0 });
  }
});

Deno.test("topics join entries of one answer and skip what cannot be matched", () => {
  const bot = shopBot({
    knowledge: [
      { question: "One?\nTwo?\n\n", answer: "A" },
      { question: "Three?", answer: "A" },
      { question: "!!!", answer: "B" },
      { question: "Four?", answer: " " },
    ],
    intents: [{ name: "n_m", examples: ["?", "five"], answer: "A" }],
  });
  const { index, set } = indexTopics(bot);
  const topics = new Topics(bot, index);
  assert.equal(topics.count, 2);
  assert.deepEqual([0, 1, 2, 3].map((u) => topics.utterance(u)), [
    { text: "One?", entry: "knowledge:0" },
    { text: "Two?", entry: "knowledge:0" },
    { text: "Three?", entry: "knowledge:1" },
    { text: "five", entry: "intent:n_m" },
  ]);
  assert.deepEqual([0, 1].map((t) => topics.topic(t)), [
    { kind: "knowledge", intent: null, answer: "A" },
    { kind: "intent", intent: "n_m", answer: "A" },
  ]);
  assert.deepEqual(set, {
    texts: ["One?", "Two?", "Three?", "five"],
    labels: [0, 0, 0, 1],
    classes: 2,
    hints: { texts: ["A", "n m"], labels: [0, 1] },
  });
  assert.equal(topics.exact("one")?.topic, 0);
  assert.equal(topics.exact("Five!")?.topic, 1);
  assert.equal(topics.exact("six"), undefined);
  assert.equal(topics.exact(" THREE ")?.utterance.entry, "knowledge:1");
  assert.equal(topics.nearest(0, "is it two or not").text, "Two?");
});
