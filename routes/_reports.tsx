/** What each kind of report shows. */
import { count, growth, mean, percent, shortDay } from "../islands/parts/format.ts";
import { Empty, Figure, Panel, ShareBar } from "../islands/parts/pieces.tsx";
import { asWords, CONVERSATION_STATUS, TREND } from "../islands/parts/words.ts";
import { BarChart } from "../lib/web/charts/bars.tsx";
import { Ranking } from "../lib/web/charts/ranking.tsx";
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
      <section class="panel strip full" aria-label="Figures">
        <dl class="figures">
          <Figure name="Conversations" value={count(talks.total_conversations)} />
          <Figure name="Active users" value={count(people.active_users)} />
          <Figure name="New users" value={count(people.new_users)} />
          <Figure
            name="Length"
            value={mean(talks.average_conversation_length)}
            note="messages a conversation"
          />
          <Figure
            name="Engagement"
            value={mean(people.average_messages_per_user)}
            note="messages a user"
          />
        </dl>
      </section>
      <Panel title="Conversations by status">
        {talks.total_conversations === 0
          ? <Empty>No conversation began on this day.</Empty>
          : (
            <ShareBar
              name="Conversations by status"
              shares={Object.entries(talks.status_breakdown).map(([status, value]) => ({
                name: CONVERSATION_STATUS[status]?.word ?? asWords(status),
                tone: CONVERSATION_STATUS[status]?.tone ?? "idle",
                value,
              }))}
            />
          )}
      </Panel>
      <Panel title="Machine">
        <dl class="figures">
          <Figure name="CPU" value={percent(machine.average_cpu_usage)} note="mean" />
          <Figure name="Memory" value={percent(machine.average_memory_usage)} note="mean" />
          <Figure name="Health reports" value={count(machine.health_reports_count)} />
        </dl>
      </Panel>
      <Panel
        title="Bots"
        aside={`${count(report.bot_performance.total_bots_used)} in use`}
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
      <section class="panel strip full" aria-label="Figures">
        <dl class="figures">
          <Figure
            name="Conversations"
            value={count(sums.total_conversations)}
            note={`${mean(sums.daily_average_conversations)} a day`}
          />
          <Figure name="Active users" value={count(sums.total_active_users)} />
          <Figure name="New users" value={count(sums.total_new_users)} />
          <Figure
            name="Returning share"
            value={percent(back.retention_rate)}
            note={`${count(back.returning_users)} were here the week before`}
          />
          <Figure name="Trend" value={`${trend.sign} ${trend.word}`} />
        </dl>
      </section>
      <Panel title="Conversations a day" class="full">
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
  const part = basis === "equal_elapsed" ? "in as much of the" : "the";
  const before = (n: number) => `from ${count(n)} ${part} month before`;
  return (
    <div class="report">
      <section class="panel strip full" aria-label="Figures">
        <dl class="figures">
          <Figure name="Conversations" value={count(all.total_conversations)} />
          <Figure
            name="Growth"
            value={growth(conversation_growth_rate)}
            note={before(previous_period.conversations)}
          />
          <Figure name="Active users" value={count(all.active_users)} />
          <Figure
            name="User growth"
            value={growth(user_growth_rate)}
            note={before(previous_period.users)}
          />
          <Figure name="New users" value={count(all.new_users)} />
          <Figure name="Conversations a user" value={mean(all.conversations_per_user)} />
        </dl>
      </section>
      <Panel title="Conversations a day" class="full">
        <DayBars days={days} today={today} />
      </Panel>
      <Panel title="Top bots">
        <Bots bots={report.top_performers.top_bots} />
      </Panel>
      <Panel title="Most active users">
        {report.top_performers.most_active_users.length === 0
          ? <Empty>Nobody in this month.</Empty>
          : (
            <Ranking
              head={["User", "Conversations"]}
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
      title="Conversations a day"
      unit="conversations"
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
  if (bots.length === 0) return <Empty>No bot had a conversation in this period.</Empty>;
  return (
    <Ranking
      head={["Bot", "Conversations", "Satisfaction"]}
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
