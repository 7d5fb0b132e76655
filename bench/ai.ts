/**
 * How well and how fast the embedded responder answers.
 *
 *     deno run -A bench/ai.ts [--banking77 FILE] [--clinc150 FILE] [--json]
 *
 * The files are the public training parts; what is asked is held back from them here. Without
 * files only the speed of a made-up bot is measured.
 */
import MiniSearch from "minisearch";
import { classifierBytes } from "../lib/ai/embedded/classifier.ts";
import { isStopWord, stem } from "../lib/ai/embedded/text.ts";
import { trainBot } from "../lib/ai/embedded/trained_bot.ts";
import { mulberry32 } from "../lib/ai/embedded/training.ts";
import { EmbeddedResponder } from "../lib/ai/embedded_responder.ts";
import type { BotDefinition, Reply } from "../lib/ai/responder.ts";
import { largeBot, requestOf, shopBot } from "../tests/support/bots.ts";
import { byLabel, draw, type Example, readBanking77, readClinc150, type Split } from "./ai_data.ts";

interface Row {
  metric: string;
  subject: string;
  value: number;
  unit: string;
  against: string | null;
  ratio: number | null;
  rounds: number;
  min: number;
  max: number;
}

const DRAWS = [1, 2, 3];

if (import.meta.main) {
  const argument = (name: string) => {
    const at = Deno.args.indexOf(name);
    return at < 0 ? undefined : Deno.args[at + 1];
  };
  const rows = await measure(argument("--banking77"), argument("--clinc150"));
  if (Deno.args.includes("--json")) {
    console.log(JSON.stringify({
      bench: "ai",
      machine: `${navigator.hardwareConcurrency} cores, ${Deno.build.target}`,
      versions: Deno.version,
      rows,
    }));
  } else {
    console.table(rows.map(({ metric, subject, value, unit, against, ratio }) => ({
      metric,
      subject,
      value: Number(value.toFixed(4)),
      unit,
      against,
      ratio: ratio && Number(ratio.toFixed(2)),
    })));
  }
}

async function measure(banking77?: string, clinc150?: string): Promise<Row[]> {
  const rows = await speed(
    largeBot(),
    largeBot().intents.map(({ name }) => `my ${name}`),
    "80 intents",
  );
  const sets: [string, Split][] = [];
  if (banking77) sets.push(["BANKING77", await readBanking77(banking77, mulberry32(1))]);
  if (clinc150) sets.push(["CLINC150", await readClinc150(clinc150)]);
  for (const [name, split] of sets) {
    rows.push(...await intents(name, split));
    rows.push(...await speed(botOf(split.taught), split.asked.map(({ text }) => text), name));
    for (const examples of [5, 20]) rows.push(...await knowledge(name, split, examples));
  }
  return rows;
}

/** Every label an intent: is the right one named, and do its scores tell off-topic messages? */
async function intents(subject: string, { taught, asked, offTopic }: Split): Promise<Row[]> {
  const bot = botOf(taught);
  using responder = new EmbeddedResponder({ signals: false, trainingWaitMs: 300_000 });
  const reply = ({ text }: Example) => responder.respond(requestOf(bot, text));
  const replies: Reply[] = [];
  for (const example of asked) replies.push(await reply(example));
  const share = (count: number, of: number) => count / of * 100;
  const right = (i: number) => replies[i]!.intent === asked[i]!.label;
  const answered = replies.flatMap(({ source }, i) => source === "none" ? [] : [i]);
  const rows = [
    row(
      "intent accuracy",
      subject,
      share(asked.filter((_, i) => right(i)).length, asked.length),
      "%",
    ),
    row("answered right", subject, share(answered.filter(right).length, asked.length), "%"),
    row(
      "answered wrong",
      subject,
      share(answered.filter((i) => !right(i)).length, asked.length),
      "%",
    ),
  ];
  if (offTopic.length === 0) return rows;
  const others: Reply[] = [];
  for (const example of offTopic) others.push(await reply(example));
  const scores = (list: Reply[]) => list.map(({ score }) => score);
  const wrongly = others.filter(({ source }) => source !== "none").length;
  return [
    ...rows,
    row("off-topic answered", subject, share(wrongly, others.length), "%"),
    row("off-topic AUROC", subject, auroc(scores(replies), scores(others)), ""),
  ];
}

/** Every example a knowledge entry with its label as the answer: is the right one first? */
async function knowledge(name: string, { taught, asked }: Split, examples: number): Promise<Row[]> {
  const own: number[] = [], peer: number[] = [];
  for (const seed of DRAWS) {
    const drawn = draw(taught, examples, mulberry32(seed));
    const bot = shopBot({
      intents: [],
      knowledge: drawn.map(({ text, label }) => ({ question: text, answer: label })),
    });
    using responder = new EmbeddedResponder({ signals: false, trainingWaitMs: 300_000 });
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
    let ownRight = 0, peerRight = 0;
    for (const { text, label } of asked) {
      const { matched } = await responder.respond(requestOf(bot, text));
      const index = Number(matched?.entry?.slice("knowledge:".length) ?? -1);
      if (bot.knowledge[index]?.answer === label) ownRight++;
      if (search.search(text)[0]?.id === label) peerRight++;
    }
    own.push(ownRight / asked.length * 100);
    peer.push(peerRight / asked.length * 100);
  }
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  return [{
    ...row(`right entry first, ${examples} examples`, name, mean(own), "%"),
    against: "minisearch",
    ratio: mean(own) / mean(peer),
    rounds: own.length,
    min: Math.min(...own),
    max: Math.max(...own),
  }];
}

/** Training, memory, and answers a second on one core, one after another. */
async function speed(bot: BotDefinition, messages: string[], subject: string): Promise<Row[]> {
  const data = trainBot(bot).classifier;
  const rates: number[] = [];
  using responder = new EmbeddedResponder({ signals: false, trainingWaitMs: 300_000 });
  for (let round = 0; round < 4; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < 2_000; i++) {
      await responder.respond(requestOf(bot, messages[i % messages.length]!));
    }
    if (round > 0) rates.push(2_000 / (performance.now() - startedAt) * 1_000);
  }
  rates.sort((a, b) => a - b);
  return [
    row("training", subject, data.trainingMs, "ms"),
    row("model size", subject, classifierBytes(data) / 1e6, "MB"),
    {
      ...row("answers a second", subject, rates[1]!, "/s"),
      rounds: rates.length,
      min: rates[0]!,
      max: rates.at(-1)!,
    },
  ];
}

function botOf(examples: Example[]): BotDefinition {
  const intents = [...byLabel(examples)].map(([name, group]) => ({
    name,
    examples: group.map(({ text }) => text),
    answer: `About ${name}.`,
  }));
  return shopBot({ knowledge: [], intents });
}

function row(metric: string, subject: string, value: number, unit: string): Row {
  return {
    metric,
    subject,
    value,
    unit,
    against: null,
    ratio: null,
    rounds: 1,
    min: value,
    max: value,
  };
}

/** The probability that a score of `higher` exceeds one of `lower` (Mann–Whitney; ties half). */
function auroc(higher: number[], lower: number[]): number {
  const sorted = lower.toSorted((a, b) => a - b);
  const below = (score: number, orEqual: boolean) => {
    let from = 0, to = sorted.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sorted[middle]! < score || (orEqual && sorted[middle] === score)) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const wins = higher.reduce((sum, s) => sum + (below(s, false) + below(s, true)) / 2, 0);
  return wins / (higher.length * lower.length);
}
