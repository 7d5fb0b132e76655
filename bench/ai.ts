/**
 * How well and at what cost the embedded responder answers, in this process and through the
 * service: `PUT /bots`, the queue, `result.intent` and `result.score`.
 *
 *     deno task bench ai --data FOLDER
 *
 * The folder holds the public data sets as docs/ai.md names them. Without test parts, what is asked
 * is held back from the training parts; without a folder only a made-up bot is measured. Figures
 * are of CPU time, so that they mean the same on a busy machine.
 */
import MiniSearch from "minisearch";
import process from "node:process";
import { classifierBytes } from "../lib/ai/embedded/classifier.ts";
import { isStopWord, stem } from "../lib/ai/embedded/text.ts";
import { trainBot } from "../lib/ai/embedded/trained_bot.ts";
import { mulberry32 } from "../lib/ai/embedded/training.ts";
import { EmbeddedResponder } from "../lib/ai/embedded_responder.ts";
import type { BotDefinition } from "../lib/ai/responder.ts";
import { largeBot, requestOf, shopBot } from "../tests/support/bots.ts";
import { type Answered, auroc, botOf, type Example, type Split } from "./ai/data.ts";
import { byLabel, draw, readBanking77, readClinc150 } from "./ai/data.ts";
import { throughService } from "./ai/service.ts";
import { type Bench, type BenchOptions, Figures } from "./report.ts";

const DRAWS = [1, 2, 3];
const OWN = "pixel";
const PEER = "minisearch";
const ANSWERS = 2_000;

/** Measures both data sets of `data`; `only` leaves out what does not hold that text. */
export const run: Bench = async (options) => {
  const figures = new Figures();
  const { data, tell } = options;
  await speed(
    "80 intents",
    largeBot(),
    largeBot().intents.map(({ name }) => `my ${name}`),
    figures,
  );
  const sets: [string, Split][] = data === undefined ? [] : [
    ["BANKING77", await readBanking77(data, mulberry32(1))],
    ["CLINC150", await readClinc150(data)],
  ];
  for (const [name, split] of sets) {
    const asked = split.tested ? "its test part" : "held back from its training part";
    tell(`${name}: ${split.taught.length} taught, ${split.asked.length} asked, ${asked}`);
    await measure(name, split, figures, options);
  }
  return { versions: { deno: Deno.version.deno }, rows: figures.rows(OWN) };
};

async function measure(
  name: string,
  split: Split,
  figures: Figures,
  { only, tell }: BenchOptions,
): Promise<void> {
  const wanted = (what: string) => only === undefined || `${what}, ${name}`.includes(only);
  if (wanted("service")) {
    tell(`${name}: through the service`);
    await service(name, split, figures);
  }
  if (wanted("answers")) {
    tell(`${name}: in this process`);
    await speed(name, botOf(split.taught), split.asked.map(({ text }) => text), figures);
  }
  for (const examples of [5, 20]) {
    if (!wanted(`right entry first, ${examples} examples`)) continue;
    tell(`${name}: ${examples} examples an entry`);
    await knowledge(name, split, examples, figures);
  }
}

/** Every label an intent: is the right one named, and do its scores tell off-topic messages? */
async function service(name: string, split: Split, figures: Figures): Promise<void> {
  const { asked, offTopic, cost } = await throughService(split);
  const add = (metric: string, value: number, unit: string) =>
    figures.add(`${metric}, ${name}, service`, OWN, value, unit);
  const share = (these: Answered[], of: Answered[]) => these.length / of.length * 100;
  const right = ({ intent, label }: Answered) => intent === label;
  const answered = asked.filter(({ source }) => source !== "none");
  add("definition", cost.bytes, "B");
  add("intent accuracy", share(asked.filter(right), asked), "%");
  add("answered right", share(answered.filter(right), asked), "%");
  add("answered wrong", share(answered.filter((one) => !right(one)), asked), "%");
  if (offTopic.length > 0) {
    const scores = (list: Answered[]) => list.map(({ score }) => score);
    add("off-topic answered", share(offTopic.filter((o) => o.source !== "none"), offTopic), "%");
    add("off-topic AUROC", auroc(scores(asked), scores(offTopic)), "");
  }
  add("CPU to define and train", cost.trainingMs / 1_000, "s");
  add("CPU a queued answer, all of the service", cost.answerMs, "ms");
}

/** Every example a knowledge entry with its label as the answer: is the right one first? */
async function knowledge(
  name: string,
  { taught, asked }: Split,
  examples: number,
  figures: Figures,
): Promise<void> {
  for (const seed of DRAWS) {
    const drawn = draw(taught, examples, mulberry32(seed));
    const bot = shopBot({
      intents: [],
      knowledge: drawn.map(({ text, label }) => ({ question: text, answer: label })),
    });
    using responder = new EmbeddedResponder({ signals: false, trainingWaitMs: 900_000 });
    const search = fullText(drawn);
    let ownRight = 0, peerRight = 0;
    for (const { text, label } of asked) {
      const { matched } = await responder.respond(requestOf(bot, text));
      const index = Number(matched?.entry?.slice("knowledge:".length) ?? -1);
      if (bot.knowledge[index]?.answer === label) ownRight++;
      if (search.search(text)[0]?.id === label) peerRight++;
    }
    const metric = `right entry first, ${examples} examples, ${name}`;
    figures.add(metric, OWN, ownRight / asked.length * 100, "%");
    figures.add(metric, PEER, peerRight / asked.length * 100, "%");
  }
}

function fullText(drawn: Example[]): MiniSearch {
  const search = new MiniSearch({
    fields: ["question"],
    processTerm: (term) => isStopWord(term.toLowerCase()) ? null : stem(term.toLowerCase()),
    searchOptions: { fuzzy: 0.2 },
  });
  search.addAll(
    [...byLabel(drawn)].map(([id, group]) => ({
      id,
      question: group.map(({ text }) => text).join(" "),
    })),
  );
  return search;
}

/** Training, memory, and answers a second of one core's time, one after another. */
async function speed(
  name: string,
  bot: BotDefinition,
  messages: string[],
  figures: Figures,
): Promise<void> {
  const cpu = cpuMs();
  const data = trainBot(bot).classifier;
  figures.add(`CPU of training, ${name}`, OWN, (cpuMs() - cpu) / 1_000, "s");
  figures.add(`model, ${name}`, OWN, classifierBytes(data) / 1e6, "MB");
  using responder = new EmbeddedResponder({ signals: false, trainingWaitMs: 900_000 });
  for (let round = 0; round < 4; round++) {
    const before = cpuMs();
    for (let i = 0; i < ANSWERS; i++) {
      await responder.respond(requestOf(bot, messages[i % messages.length]!));
    }
    const ms = cpuMs() - before;
    // The first round includes the training and the compiler's.
    if (round > 0) figures.add(`answers a second of CPU, ${name}`, OWN, ANSWERS / ms * 1_000, "/s");
  }
}

/** CPU time of this process so far, user and system, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
