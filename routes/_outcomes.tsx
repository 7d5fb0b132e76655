/** How conversations of the last days went, who had them, and which days were out of the ordinary. */
import { count, duration, longDay, percent } from "../islands/parts/format.ts";
import { Empty, Figure, Panel, ShareBar, Unread } from "../islands/parts/pieces.tsx";
import { COUNTED, OUTCOMES as T } from "../islands/parts/texts.ts";
import type { Anomalies, RangeMetric, RangeReport } from "../lib/wire/figures.ts";

/** What is asked for one bot; and what beside it for all together. */
export const OUTCOME_METRICS: RangeMetric[] = ["containment_rate", "handoff_rate", "abandon_rate"];
export const USER_OUTCOME_METRICS: RangeMetric[] = ["contained_24h_rate", "lifecycle"];

type Totals = RangeReport["totals"];

export function Outcomes({ totals }: { totals: Totals }) {
  const rate = (metric: keyof typeof T.rates) => {
    const { value = null, n = 0 } = totals[metric] ?? {};
    return {
      name: T.rates[metric],
      value: percent(value),
      note: T.of(COUNTED.conversations(n ?? 0)),
    };
  };
  return (
    <section class="panel strip full" aria-label={T.outcomes}>
      <dl class="figures">
        <Figure {...rate("containment_rate")} />
        {totals.contained_24h_rate && <Figure {...rate("contained_24h_rate")} />}
        <Figure {...rate("handoff_rate")} />
        <Figure {...rate("abandon_rate")} />
      </dl>
    </section>
  );
}

export function Lifecycle({ totals: { lifecycle } }: { totals: Totals }) {
  if (!lifecycle) return null;
  const shares = [
    { name: T.fresh, value: lifecycle.new ?? 0, tone: "ok" },
    { name: T.returning, value: lifecycle.returning ?? 0, tone: "busy" },
    { name: T.resurrecting, value: lifecycle.resurrecting ?? 0, tone: "warn" },
  ] as const;
  return (
    <Panel title={T.lifecycle}>
      <ShareBar name={T.lifecycle} shares={[...shares]} />
      <p class="muted foot">{T.dormant(count(lifecycle.dormant), count(lifecycle.dormant_n))}</p>
    </Panel>
  );
}

const FORMATS = {
  conversations: count,
  answer_rate: percent,
  error_rate: percent,
  turn_ms: duration,
};

export function OddDays({ anomalies, wide }: { anomalies: Anomalies | null; wide: boolean }) {
  return (
    <Panel title={T.odd} class={wide ? "full" : ""}>
      {anomalies ? <Odd anomalies={anomalies} /> : <Unread what={T.odd} />}
    </Panel>
  );
}

function Odd({ anomalies: { anomalies, judged } }: { anomalies: Anomalies }) {
  if (judged === 0) return <Empty>{T.tooFewWeeks}</Empty>;
  if (anomalies.length === 0) return <Empty>{T.ordinary}</Empty>;
  return (
    <ul class="questions odd">
      {anomalies.map(({ date, metric, value, low, high, n }) => {
        const format = FORMATS[metric];
        return (
          <li key={date + metric}>
            <span>{longDay(date)}: {T.watched[metric](format(value))}</span>
            <small>{T.usual(format(low), format(high), COUNTED.weeks(n))}</small>
          </li>
        );
      })}
    </ul>
  );
}
