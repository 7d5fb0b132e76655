import type { BotDefinition } from "../../lib/ai/responder.ts";
import { shopBot } from "../../tests/support/bots.ts";

/** A labelled message of a public data set. */
export interface Example {
  text: string;
  label: string;
}

/** Examples to teach, others to ask, and messages that belong to no label. */
export interface Split {
  taught: Example[];
  asked: Example[];
  offTopic: Example[];
  /** What is asked is the set's own test part. */
  tested: boolean;
}

/** What a message should have been taken for, and what it was. */
export interface Answered {
  label: string;
  intent: string | null;
  score: number;
  source: string;
}

/** Messages held back of each label, as BANKING77's own test part has them: 40, or a fifth. */
const HELD_BACK = { most: 40, share: 0.2 };

/** BANKING77 (`text,category`): with a test part all of the training part is taught. */
export async function readBanking77(folder: string, random: () => number): Promise<Split> {
  const examples = await labelled(`${folder}/banking77-train.csv`);
  if (!examples) throw new Error(`${folder} holds no banking77-train.csv, nor one with .gz`);
  const test = await labelled(`${folder}/banking77-test.csv`);
  if (test) return { taught: examples, asked: test, offTopic: [], tested: true };
  const taught: Example[] = [], asked: Example[] = [];
  for (const group of byLabel(shuffled(examples, random)).values()) {
    const away = Math.min(HELD_BACK.most, Math.floor(group.length * HELD_BACK.share));
    asked.push(...group.slice(0, away));
    taught.push(...group.slice(away));
  }
  return { taught, asked, offTopic: [], tested: false };
}

/** CLINC150 (JSON): taught is `train`; asked is `test`, or `val` where there is no test part. */
export async function readClinc150(folder: string): Promise<Split> {
  const parts = async (name: string): Promise<Record<string, [string, string][]> | null> => {
    const text = await readText(`${folder}/${name}`);
    return text === null ? null : JSON.parse(text);
  };
  const known = await parts("clinc150-train-val.json");
  if (!known) throw new Error(`${folder} holds no clinc150-train-val.json, nor one with .gz`);
  const test = await parts("clinc150-test.json");
  const examples = (part: string) =>
    ((test ?? known)[part] ?? known[part] ?? []).map(([text, label]) => ({ text, label }));
  return {
    taught: examples("train"),
    asked: examples(test ? "test" : "val"),
    offTopic: test ? examples("oos_test") : [...examples("oos_val"), ...examples("oos_train")],
    tested: test !== null,
  };
}

/** A bot with an intent for every label. */
export function botOf(examples: Example[]): BotDefinition {
  const intents = [...byLabel(examples)].map(([name, group]) => ({
    name,
    examples: group.map(({ text }) => text),
    answer: `About ${name}.`,
  }));
  return shopBot({ knowledge: [], intents });
}

/** The probability that a score of `higher` exceeds one of `lower` (Mann–Whitney; ties half). */
export function auroc(higher: number[], lower: number[]): number {
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

/** The first `count` examples of each label after a shuffle. */
export function draw(examples: Example[], count: number, random: () => number): Example[] {
  return [...byLabel(shuffled(examples, random)).values()].flatMap((group) =>
    group.slice(0, count)
  );
}

export function byLabel(examples: Example[]): Map<string, Example[]> {
  return Map.groupBy(examples, (example) => example.label);
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function labelled(path: string): Promise<Example[] | null> {
  const text = await readText(path);
  if (text === null) return null;
  const [, ...rows] = parseCsv(text);
  return rows.filter((row) => row.length >= 2)
    .map(([text, label]) => ({ text: text!, label: label! }));
}

/** A file's text, or that of the same with .gz; null where there is neither. */
async function readText(path: string): Promise<string | null> {
  for (const [name, packed] of [[path, false], [`${path}.gz`, true]] as const) {
    try {
      const { readable } = await Deno.open(name);
      const plain = packed ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
      return await new Response(plain).text();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  let row: string[] = [];
  for (let found; (found = field.exec(text)) && field.lastIndex <= text.length;) {
    row.push(found[1]?.replaceAll('""', '"') ?? found[2]!);
    if (found[3] !== ",") {
      rows.push(row);
      row = [];
    }
    if (field.lastIndex === text.length) break;
  }
  return rows;
}
