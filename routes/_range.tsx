/** The figures of the last days: compared, drawn, by hour and by cohort. */
import { count, duration, growth, mean, percent, shortDay } from "../islands/parts/format.ts";
import { teachLink } from "../islands/parts/overview_glance.tsx";
import { Empty, Figure, Panel, Unread } from "../islands/parts/pieces.tsx";
import { ANALYTICS as T, COUNTED, OVERVIEW, REPORTS } from "../islands/parts/texts.ts";
import { BarChart } from "./_charts/bars.tsx";
import { HeatMap } from "./_charts/heat_map.tsx";
import { LineChart } from "./_charts/line.tsx";
import type { Unanswered } from "../lib/wire/analytics.ts";
import type {
  Anomalies,
  BusiestHours,
  Comparison,
  RangeReport,
  Retention,
  Span,
} from "../lib/wire/figures.ts";
import type { DashboardData } from "./dashboard_data.ts";
import {
  Lifecycle,
  OddDays,
  OUTCOME_METRICS,
  Outcomes,
  USER_OUTCOME_METRICS,
} from "./_outcomes.tsx";
import { orNull } from "./parts.ts";
import { dayOf } from "./periods.ts";

const DAY_MS = 86_400_000;
const COHORT_WEEKS = 8;
const BOTS_ASKED = 20;
const QUESTIONS = 10;
/** A rate of fewer turns than this is marked. */
const FEW = 20;

export interface RangeData {
  days: number;
  span: Span;
  range: RangeReport;
  compared: Comparison | null;
  busiest: BusiestHours | null;
  anomalies: Anomalies | null;
  retention: Retention | null;
  unanswered: Unanswered[] | null;
  bots: { bot_id: string; name: string }[];
}

/** Everything that the page of the last `days` shows; the rest stays when a part is missing. */
export async function loadRange(
  data: DashboardData,
  now: number,
  days: number,
  botId: string | undefined,
  zone: string,
): Promise<RangeData> {
  const today = localDay(now, zone);
  const from = dayOf(Date.parse(today) - (days - 1) * DAY_MS);
  const span: Span = { from, to: today, tz: zone, ...(botId ? { bot_id: botId } : {}) };
  const rates = ["conversations", "answer_rate", "success_rate", "turn_ms", "csat"] as const;
  const compared = botId ? [...rates] : [...rates, "active_users", "new_users"] as const;
  const metrics = [...compared, ...OUTCOME_METRICS, ...(botId ? [] : USER_OUTCOME_METRICS)];
  const { bots } = await data.bots({ limit: BOTS_ASKED });
  const asked = botId ? [botId] : bots.map((bot) => bot.bot_id);
  const weeks = { from: dayOf(Date.parse(today) - COHORT_WEEKS * 7 * DAY_MS), to: today };
  const [range, comparison, busiest, anomalies, retention, unanswered] = await Promise.all([
    data.range(span, "day", metrics),
    orNull(data.compare(span, [...compared])),
    orNull(data.busiest(span)),
    orNull(data.anomalies(span)),
    botId ? null : orNull(data.retention({ ...weeks, granularity: "week" })),
    orNull(data.unanswered(asked, QUESTIONS)),
  ]);
  const parts = { compared: comparison, busiest, anomalies, retention, unanswered };
  return { days, span, range, ...parts, bots };
}

/** The day that it is in a time zone, "YYYY-MM-DD". */
export const localDay = (at: number, zone: string): string =>
  new Date(at).toLocaleDateString("sv-SE", { timeZone: zone });

export function RangeFigures({ data, operator }: { data: RangeData; operator: boolean }) {
  const { range, busiest, anomalies, retention, unanswered } = data;
  const { rows, totals } = range;
  const time = (row: typeof rows[number]) =>
    Date.parse(`${row.local_start.slice(0, 10)}T00:00:00Z`);
  const points = (metric: "turn_ms" | "answer_rate", figure: string) =>
    rows.map((row) => ({ at: time(row), value: row.figures[metric]?.[figure] ?? null }));
  const formatTime = (at: number) => shortDay(dayOf(at));
  return (
    <div class="report">
      <Totals data={data} />
      <Outcomes totals={totals} />
      <Panel title={T.aDay} class="full">
        <BarChart
          title={T.aDay}
          unit={REPORTS.unit}
          format={count}
          bars={rows.map((row) => ({
            label: shortDay(row.local_start.slice(0, 10)),
            value: row.figures.conversations?.value ?? null,
            partial: row.partial,
          }))}
        />
      </Panel>
      <Panel title={T.timing}>
        <LineChart
          title={T.timing}
          points={points("turn_ms", "p90")}
          format={duration}
          formatTime={formatTime}
        />
      </Panel>
      <Panel title={T.answers}>
        <LineChart
          title={T.answers}
          points={points("answer_rate", "value")}
          format={percent}
          formatTime={formatTime}
          highest={100}
        />
      </Panel>
      <Lifecycle totals={totals} />
      <OddDays anomalies={anomalies} wide={!totals.lifecycle} />
      <Panel title={T.hours} aside={T.hoursNote} class="full">
        {busiest ? <Hours busiest={busiest} /> : <Unread what={T.hours} />}
      </Panel>
      <Panel title={T.unanswered} class={retention ? "" : "full"}>
        {unanswered
          ? <Questions questions={unanswered} operator={operator} />
          : <Unread what={T.unanswered} />}
      </Panel>
      {retention && (
        <Panel title={T.cohorts}>
          <Cohorts retention={retention} />
        </Panel>
      )}
    </div>
  );
}

function Totals({ data: { range: { totals }, compared } }: { data: RangeData }) {
  const grown = compared?.growth.conversations?.["value"];
  const partly = compared?.basis === "equal_elapsed";
  /** What it was the days before, on a line of its own. */
  const was = (metric: keyof typeof totals, figure: string, format: typeof count) => {
    const before = compared?.previous.figures[metric]?.[figure];
    return before != null && (
      <>
        <br />
        {T.was(format(before))}
      </>
    );
  };
  const rate = (metric: "answer_rate" | "success_rate") => {
    const { value = null, n = 0 } = totals[metric] ?? {};
    return {
      value: percent(value),
      note: [
        (n ?? 0) < FEW ? `${T.ofTurns(count(n))}, ${T.low}` : T.ofTurns(count(n)),
        was(metric, "value", percent),
      ],
    };
  };
  return (
    <section class="panel strip full" aria-label={T.figures}>
      <dl class="figures">
        <Figure
          name={T.conversations}
          value={count(totals.conversations?.value)}
          note={grown == null
            ? T.noBefore
            : partly
            ? T.beforePart(growth(grown))
            : T.before(growth(grown))}
        />
        {totals.active_users && (
          <Figure
            name={T.activeUsers}
            value={count(totals.active_users.value)}
            note={[T.newUsers(count(totals.new_users?.value)), was("active_users", "value", count)]}
          />
        )}
        <Figure name={T.answerRate} {...rate("answer_rate")} />
        <Figure name={T.successRate} {...rate("success_rate")} />
        <Figure
          name={T.turn}
          value={duration(totals.turn_ms?.p50)}
          note={[T.p90(duration(totals.turn_ms?.p90)), was("turn_ms", "p50", duration)]}
        />
        <Figure
          name={T.satisfaction}
          value={mean(totals.csat?.mean)}
          note={[T.scored(percent(totals.csat?.response_rate)), was("csat", "mean", mean)]}
        />
      </dl>
    </section>
  );
}

function Hours({ busiest }: { busiest: BusiestHours }) {
  const at = new Map(busiest.hours.map((one) => [`${one.weekday} ${one.hour}`, one]));
  return (
    <HeatMap
      title={T.hours}
      rows={T.days}
      columns={Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"))}
      value={(day, hour) => at.get(`${day + 1} ${hour}`)?.conversations_per_hour ?? null}
      format={mean}
    />
  );
}

function Cohorts({ retention: { cohorts } }: { retention: Retention }) {
  const weeks = cohorts.filter((cohort) => cohort.users > 0).slice(-COHORT_WEEKS);
  if (weeks.length === 0) return <Empty>{T.noCohorts}</Empty>;
  return (
    <>
      <table class="rows cohorts">
        <thead>
          <tr>
            <th scope="col">{T.cohort}</th>
            <th scope="col" class="number">{T.users}</th>
            {T.after.map((day) => <th key={day} scope="col" class="number">{day}</th>)}
          </tr>
        </thead>
        <tbody>
          {weeks.map(({ start, users, d1, d7, d30 }) => (
            <tr key={start}>
              <td>{shortDay(start)}</td>
              <td class="number">{count(users)}</td>
              {[d1, d7, d30].map(({ value }, at) => (
                <td key={at} class={`number heat-${heat(value)}`}>{percent(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted foot">{T.cohortsNote}</p>
    </>
  );
}

const heat = (value: number | null): number =>
  value === null ? 0 : Math.min(5, Math.ceil(value / 12));

function Questions({ questions, operator }: { questions: Unanswered[]; operator: boolean }) {
  if (questions.length === 0) return <Empty>{T.none}</Empty>;
  return (
    <ul class="questions">
      {questions.map(({ question, bot_id, count: times }) => (
        <li key={bot_id + question}>
          <span>{question}</span>
          <small>{bot_id}, {OVERVIEW.asked(COUNTED.times(times))}</small>
          {operator && (
            <a class="button quiet" href={teachLink(bot_id, question)}>{OVERVIEW.teach}</a>
          )}
        </li>
      ))}
    </ul>
  );
}
