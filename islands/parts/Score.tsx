import type { PerformanceSummary, ScoreTerm } from "../../lib/wire/system.ts";
import { mean, percent } from "./format.ts";
import { OVERVIEW as T } from "./texts.ts";
import { asWords, SCORE_TERM, type Tone } from "./words.ts";

/** The performance score as a ring, with what takes points off beside it. */
export function Score({ summary }: { summary: PerformanceSummary }) {
  const score = summary.performance_score;
  const tone: Tone = score >= 90 ? "ok" : score >= 70 ? "warn" : "bad";
  const lowering = summary.score_terms.filter((term) => term.points > 0);
  return (
    <div class="score">
      <svg
        class={`ring ${tone}`}
        viewBox="0 0 80 80"
        role="img"
        aria-label={T.ofScore(mean(score))}
      >
        <circle class="track" cx="40" cy="40" r="34" />
        <circle
          class="fill"
          cx="40"
          cy="40"
          r="34"
          pathLength="100"
          stroke-dasharray={`${Math.max(0, score)} 100`}
          transform="rotate(-90 40 40)"
        />
        <text x="40" y="41" dominant-baseline="middle" text-anchor="middle">
          {Math.round(score)}
        </text>
      </svg>
      <div>
        <h2>{T.score}</h2>
        {lowering.length === 0 ? <p class="muted">{T.nothingLowers}</p> : (
          <ul class="terms">
            {lowering.map((term) => (
              <li key={term.term}>
                <b>−{mean(term.points)}</b> {describe(term)}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function describe(term: ScoreTerm): string {
  const say = term.term === "cpu" || term.term === "memory" ? T.over : T.under;
  const name = SCORE_TERM[term.term] ?? asWords(term.term);
  return say(name, percent(term.value), percent(term.threshold));
}
