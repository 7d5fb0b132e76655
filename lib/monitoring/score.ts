import { round2 } from "../analytics/rounding.ts";

/** What the score is made of; percentages 0–100, null for a rate without observations. */
export interface ScoreInputs {
  /** Of the cache, over the last 24 h. */
  hitRate: number | null;
  /** Of live conversations, over the last 24 h. */
  successRate: number | null;
  cpuPercent: number;
  memoryPercent: number;
}

/** One thing that lowered the score, and by how many points. */
export interface ScoreTerm {
  term: "cache_hit_rate" | "success_rate" | "cpu" | "memory";
  value: number;
  threshold: number;
  points: number;
  detail: string;
}

export interface Score {
  performance_score: number;
  score_terms: ScoreTerm[];
}

interface Rule {
  term: ScoreTerm["term"];
  label: string;
  read: (inputs: ScoreInputs) => number | null;
  threshold: number;
  weight: number;
  side: "below" | "above";
}

const RULES: Rule[] = [
  {
    term: "cache_hit_rate",
    label: "cache hit rate of the last 24 h",
    read: (inputs) => inputs.hitRate,
    threshold: 80,
    weight: 0.5,
    side: "below",
  },
  {
    term: "success_rate",
    label: "success rate of the last 24 h",
    read: (inputs) => inputs.successRate,
    threshold: 95,
    weight: 0.3,
    side: "below",
  },
  {
    term: "cpu",
    label: "CPU",
    read: (inputs) => inputs.cpuPercent,
    threshold: 80,
    weight: 0.2,
    side: "above",
  },
  {
    term: "memory",
    label: "memory",
    read: (inputs) => inputs.memoryPercent,
    threshold: 85,
    weight: 0.3,
    side: "above",
  },
];

/**
 * The performance score: 100 less (80 − hit rate) × 0.5, (95 − success rate) × 0.3,
 * (cpu − 80) × 0.2 and (memory − 85) × 0.3, each only past its threshold, clamped to 0–100. A rate
 * without observations takes nothing off. The terms are those that took something off.
 */
export function performanceScore(inputs: ScoreInputs): Score {
  let score = 100;
  const terms: ScoreTerm[] = [];
  for (const { term, label, read, threshold, weight, side } of RULES) {
    const value = read(inputs);
    if (value === null) continue;
    const past = side === "below" ? threshold - value : value - threshold;
    if (!(past > 0)) continue;
    score -= past * weight;
    const points = round2(past * weight);
    if (points === 0) continue;
    terms.push({
      term,
      value: round2(value),
      threshold,
      points,
      detail: `${label} is ${round2(value)}%, ${side} ${threshold}%: −${points}`,
    });
  }
  return { performance_score: round2(Math.min(100, Math.max(0, score))), score_terms: terms };
}
