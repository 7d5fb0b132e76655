/**
 * How often a reused answer is the right one, by threshold: questions with the same label of a
 * public data set have the same answer.
 *
 *     deno task bench ai_similar --data FOLDER
 */
import { HashedEmbedder } from "../lib/ai/embedded/hashed_embedder.ts";
import { mulberry32 } from "../lib/ai/embedded/training.ts";
import { SimilarQuestions } from "../lib/ai/similar_questions.ts";
import { draw, readBanking77 } from "./ai/data.ts";
import { type Bench, Figures } from "./report.ts";

/** Answered questions of each of the 77 labels, within one scope's limit of 500. */
const ANSWERED_PER_LABEL = 6;
const THRESHOLDS = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

/** Measures BANKING77 of `data`; rows are by threshold. */
export const run: Bench = async ({ data }) => {
  if (!data) throw new Error("Name the folder of the data: --data FOLDER");
  const { taught, asked } = await readBanking77(data, mulberry32(1));
  const answered = draw(taught, ANSWERED_PER_LABEL, mulberry32(1));
  const { signal } = new AbortController();
  const questions = new SimilarQuestions({ embedder: new HashedEmbedder(), threshold: 0 });
  for (const [i, { text }] of answered.entries()) await questions.add("s", `${i}`, text, signal);
  const found: { similarity: number; right: boolean }[] = [];
  for (const { text, label } of asked) {
    const near = await questions.nearest("s", text, signal);
    if (!near) continue;
    found.push({ similarity: near.similarity, right: answered[+near.key]!.label === label });
  }
  const figures = new Figures();
  for (const threshold of THRESHOLDS) {
    const reused = found.filter(({ similarity }) => similarity >= threshold);
    const right = reused.filter((pair) => pair.right).length;
    const at = `at ${threshold}`;
    figures.add(`reused ${at}`, "pixel", reused.length / asked.length * 100, "%");
    if (reused.length === 0) continue;
    figures.add(`right of the reused ${at}`, "pixel", right / reused.length * 100, "%");
  }
  return { versions: { deno: Deno.version.deno }, rows: figures.rows("pixel") };
};
