/** What all reports have in common, as it stands on the wire. */
import { compareIds, meanScore } from "./rounding.ts";
import type { BotCounts } from "./report_data.ts";
import { dayInstant, endDay, firstDay, type PeriodKind } from "./periods.ts";

export interface ReportFrame {
  /** First instant, and the first one after the period. */
  period: { start: string; end: string };
  generated_at: string;
  /** Everything committed before this instant is in the report. */
  data_as_of: string;
  /** The period still runs. */
  partial: boolean;
  /** 1, and one more each time that late or imported data changed a report already made. */
  revision: number;
}

export interface BotRow {
  bot_id: string;
  bot_name: string;
  conversation_count: number;
  average_satisfaction: number | null;
  /** Scores that the mean is over. */
  scores: number;
}

export const periodBounds = (kind: PeriodKind, n: number): ReportFrame["period"] => ({
  start: dayInstant(firstDay(kind, n)),
  end: dayInstant(endDay(kind, n)),
});

/** Rows by number of conversations, ties by id; names are filled in when the report is shown. */
export function botRows(bots: readonly BotCounts[]): BotRow[] {
  return [...bots]
    .sort((a, b) => b.conversations - a.conversations || compareIds(a.botId, b.botId))
    .map((bot) => ({
      bot_id: bot.botId,
      bot_name: bot.botId,
      conversation_count: bot.conversations,
      average_satisfaction: meanScore(bot.scoreSum, bot.scores),
      scores: bot.scores,
    }));
}
