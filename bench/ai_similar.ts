/**
 * How often a reused answer is the right one, by threshold: questions with the same label of a
 * public data set have the same answer.
 *
 *     deno run -A bench/ai_similar.ts --banking77 FILE
 */
import { parseArgs } from "node:util";
import { HashedEmbedder } from "../lib/ai/embedded/hashed_embedder.ts";
import { mulberry32 } from "../lib/ai/embedded/training.ts";
import { SimilarQuestions } from "../lib/ai/similar_questions.ts";
import { draw, readBanking77 } from "./ai_data.ts";

/** Answered questions of each of the 77 labels, within one scope's limit of 500. */
const ANSWERED_PER_LABEL = 6;
const THRESHOLDS = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

if (import.meta.main) {
  const { banking77 } = parseArgs({
    args: Deno.args,
    options: { banking77: { type: "string" } },
  }).values;
  if (!banking77) throw new Error("Name the data: --banking77 FILE");
  console.table(await measure(banking77));
}

async function measure(file: string) {
  const { taught, asked } = await readBanking77(file, mulberry32(1));
  const answered = draw(taught, ANSWERED_PER_LABEL, mulberry32(1));
  const { signal } = new AbortController();
  const questions = new SimilarQuestions({ embedder: new HashedEmbedder(), threshold: 0 });
  for (const [i, { text }] of answered.entries()) await questions.add("s", `${i}`, text, signal);
  const startedAt = performance.now();
  const found: { similarity: number; right: boolean }[] = [];
  for (const { text, label } of asked) {
    const near = await questions.nearest("s", text, signal);
    if (!near) continue;
    found.push({ similarity: near.similarity, right: answered[+near.key]!.label === label });
  }
  const lookupMs = (performance.now() - startedAt) / asked.length;
  return THRESHOLDS.map((threshold) => {
    const reused = found.filter(({ similarity }) => similarity >= threshold);
    const right = reused.filter((pair) => pair.right).length;
    return {
      threshold,
      asked: asked.length,
      reused: reused.length,
      "reused %": Number((reused.length / asked.length * 100).toFixed(1)),
      "precision %": reused.length ? Number((right / reused.length * 100).toFixed(1)) : null,
      "ms a lookup": Number(lookupMs.toFixed(2)),
    };
  });
}
