import assert from "node:assert/strict";
import fc from "fast-check";
import { performanceScore, type ScoreInputs } from "./score.ts";

const fine: ScoreInputs = { hitRate: 90, successRate: 99, cpuPercent: 10, memoryPercent: 20 };
const percent = fc.double({ min: 0, max: 100, noNaN: true });
const inputs = fc.record({
  hitRate: fc.option(percent),
  successRate: fc.option(percent),
  cpuPercent: percent,
  memoryPercent: percent,
});

Deno.test("a score past every threshold is worked out by hand", () => {
  const { performance_score, score_terms } = performanceScore({
    hitRate: 60,
    successRate: 90,
    cpuPercent: 95,
    memoryPercent: 95,
  });
  assert.equal(performance_score, 100 - 10 - 1.5 - 3 - 3);
  assert.deepEqual(
    score_terms.map(({ term, value, threshold, points }) => ({ term, value, threshold, points })),
    [
      { term: "cache_hit_rate", value: 60, threshold: 80, points: 10 },
      { term: "success_rate", value: 90, threshold: 95, points: 1.5 },
      { term: "cpu", value: 95, threshold: 80, points: 3 },
      { term: "memory", value: 95, threshold: 85, points: 3 },
    ],
  );
});

Deno.test("a value at its threshold, or a rate without observations, takes nothing off", () => {
  for (
    const at of [
      { ...fine, hitRate: 80 },
      { ...fine, successRate: 95 },
      { ...fine, cpuPercent: 80 },
      { ...fine, memoryPercent: 85 },
      { ...fine, hitRate: null, successRate: null },
    ]
  ) assert.deepEqual(performanceScore(at), { performance_score: 100, score_terms: [] });
});

Deno.test("the score stays within 0 and 100, and its terms explain all of it", () => {
  fc.assert(fc.property(inputs, (of) => {
    const { performance_score: score, score_terms: terms } = performanceScore(of);
    assert.ok(score >= 0 && score <= 100);
    const off = terms.reduce((sum, term) => sum + term.points, 0);
    assert.ok(Math.abs(100 - score - off) < 0.05, `${score} + ${off}`);
    for (const term of terms) assert.ok(term.points > 0 && Number.isFinite(term.value));
  }));
});

Deno.test("a better machine or a better rate never scores less", () => {
  const better = (value: number | null, by: number) =>
    value === null ? null : Math.min(100, value + by);
  fc.assert(fc.property(inputs, percent, (of, by) => {
    const improved = {
      hitRate: better(of.hitRate, by),
      successRate: better(of.successRate, by),
      cpuPercent: Math.max(0, of.cpuPercent - by),
      memoryPercent: Math.max(0, of.memoryPercent - by),
    };
    assert.ok(
      performanceScore(improved).performance_score >= performanceScore(of).performance_score,
    );
  }));
});
