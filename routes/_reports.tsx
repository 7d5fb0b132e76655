/** What each kind of report shows. */
import { count, growth, mean, percent, shortDay } from "../islands/parts/format.ts";
import { Empty, Figure, Panel, ShareBar } from "../islands/parts/pieces.tsx";
import { REPORTS as T } from "../islands/parts/texts.ts";
import { asWords, CONVERSATION_STATUS, TREND } from "../islands/parts/words.ts";
import { BarChart } from "./_charts/bars.tsx";
import { Ranking } from "./_charts/ranking.tsx";
import type {
  BotStatistic,
  DailyReport,
  MonthlyReport,
  WeeklyReport,
} from "../lib/wire/analytics.ts";

export interface TrendDay {
  date: string;
  conversations: number;
}

export function Daily({ report }: { report: DailyReport }) {
  const talks = report.conversation_analytics;
  const people = report.user_engagement;
  const machine = report.system_performance;
  return (
    <div class="report">
      <section class="panel strip full" aria-label={T.figures}>
        <dl class="figures">
          <Figure name={T.conversations} value={count(talks.total_conversations)} />
          <Figure name={T.activeUsers} value={count(people.active_users)} />
          <Figure name={T.newUsers} value={count(people.new_users)} />
          <Figure
            name={T.length}
            value={mean(talks.average_conversation_length)}
            note={T.lengthNote}
          />
          <Figure
            name={T.engagement}
            value={mean(people.average_messages_per_user)}
            note={T.engagementNote}
          />
        </dl>
      </section>
      <Panel title={T.byStatus}>
        {talks.total_conversations === 0 ? <Empty>{T.noneBegan}</Empty> : (
          <ShareBar
            name={T.byStatus}
            shares={Object.entries(talks.status_breakdown).map(([status, value]) => ({
              name: CONVERSATION_STATUS[status]?.word ?? asWords(status),
              tone: CONVERSATION_STATUS[status]?.tone ?? "idle",
              value,
            }))}
          />
        )}
      </Panel>
      <Panel title={T.machine}>
        <dl class="figures">
          <Figure name={T.cpu} value={percent(machine.average_cpu_usage)} note={T.mean} />
          <Figure name={T.memory} value={percent(machine.average_memory_usage)} note={T.mean} />
          <Figure name={T.healthReports} value={count(machine.health_reports_count)} />
        </dl>
      </Panel>
      <Panel
        title={T.bots}
        aside={T.inUse(count(report.bot_performance.total_bots_used))}
        class="full"
      >
        <Bots bots={report.bot_performance.bot_statistics} />
      </Panel>
    </div>
  );
}

export function Weekly({ report, today }: { report: WeeklyReport; today: string }) {
  const sums = report.aggregated_stats;
  const trend = TREND[report.conversation_trends.trend_direction];
  const back = report.user_retention;
  return (
    <div class="report">
      <section class="panel strip full" aria-label={T.figures}>
        <dl class="figures">
          <Figure
            name={T.conversations}
            value={count(sums.total_conversations)}
            note={T.perDay(mean(sums.daily_average_conversations))}
          />
          <Figure name={T.activeUsers} value={count(sums.total_active_users)} />
          <Figure name={T.newUsers} value={count(sums.total_new_users)} />
          <Figure
            name={T.returning}
            value={percent(back.retention_rate)}
            note={T.returningNote(count(back.returning_users))}
          />
          <Figure name={T.trend} value={`${trend.sign} ${trend.word}`} />
        </dl>
      </section>
      <Panel title={T.aDay} class="full">
        <DayBars days={report.conversation_trends.daily_trends} today={today} />
      </Panel>
    </div>
  );
}

interface MonthlyProps {
  report: MonthlyReport;
  /** Conversations of each day of the month so far. */
  days: TrendDay[];
  today: string;
}

export function Monthly({ report, days, today }: MonthlyProps) {
  const all = report.monthly_overview;
  const { conversation_growth_rate, user_growth_rate, previous_period, basis } =
    report.growth_metrics;
  const from = basis === "equal_elapsed" ? T.fromMonthPart : T.fromMonth;
  const before = (n: number) => from(count(n));
  return (
    <div class="report">
      <section class="panel strip full" aria-label={T.figures}>
        <dl class="figures">
          <Figure name={T.conversations} value={count(all.total_conversations)} />
          <Figure
            name={T.growth}
            value={growth(conversation_growth_rate)}
            note={before(previous_period.conversations)}
          />
          <Figure name={T.activeUsers} value={count(all.active_users)} />
          <Figure
            name={T.userGrowth}
            value={growth(user_growth_rate)}
            note={before(previous_period.users)}
          />
          <Figure name={T.newUsers} value={count(all.new_users)} />
          <Figure name={T.perUser} value={mean(all.conversations_per_user)} />
        </dl>
      </section>
      <Panel title={T.aDay} class="full">
        <DayBars days={days} today={today} />
      </Panel>
      <Panel title={T.topBots}>
        <Bots bots={report.top_performers.top_bots} />
      </Panel>
      <Panel title={T.topUsers}>
        {report.top_performers.most_active_users.length === 0
          ? <Empty>{T.noUsers}</Empty>
          : (
            <Ranking
              head={[T.user, T.conversations]}
              format={count}
              rows={report.top_performers.most_active_users.map((user) => ({
                id: user.user_id,
                name: user.user_id,
                value: user.conversation_count,
              }))}
            />
          )}
      </Panel>
    </div>
  );
}

function DayBars({ days, today }: { days: TrendDay[]; today: string }) {
  return (
    <BarChart
      title={T.aDay}
      unit={T.unit}
      format={count}
      bars={days.map((day) => ({
        label: shortDay(day.date),
        value: day.conversations,
        partial: day.date === today,
      }))}
    />
  );
}

function Bots({ bots }: { bots: BotStatistic[] }) {
  if (bots.length === 0) return <Empty>{T.noBots}</Empty>;
  return (
    <Ranking
      head={[T.bot, T.conversations, T.satisfaction]}
      format={count}
      rows={bots.map((bot) => ({
        id: bot.bot_id,
        name: bot.bot_name,
        value: bot.conversation_count,
        note: mean(bot.average_satisfaction),
      }))}
    />
  );
}
