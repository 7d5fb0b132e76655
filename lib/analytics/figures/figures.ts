import type { Clock } from "../../clock.ts";
import type { Database } from "../../kv/database.ts";
import type { UserMonths } from "../user_months.ts";
import type { QuestionTexts } from "../known_questions.ts";
import type { UnansweredGroup, UnansweredQuestions } from "../unanswered.ts";
import { type Anomalies, anomalies, type AnomaliesQuery } from "./anomalies.ts";
import { busiest, type BusiestQuery, type HourOfWeek } from "./busiest.ts";
import { compare, type CompareQuery, type Comparison } from "./compare.ts";
import { botNumber, type FigureSources, openRange, type Range, type RangeQuery } from "./range.ts";
import { type Cohort, retention, type RetentionQuery } from "./retention.ts";

export interface FiguresParts {
  db: Database;
  clock: Clock;
  users: UserMonths;
  unanswered: UnansweredQuestions;
  texts: QuestionTexts;
}

/** Figures beyond the fixed reports, from rollups and users' records alone. */
export class Figures {
  readonly #parts: FiguresParts;
  readonly #sources: FigureSources;

  constructor(parts: FiguresParts) {
    this.#parts = parts;
    this.#sources = { kv: parts.db.kv, clock: parts.clock, users: parts.users };
  }

  /** Metrics by hour, day, week or month; see `openRange`. */
  range(query: RangeQuery): Promise<Range> {
    return openRange(this.#sources, query);
  }

  /** A period beside the one before; see `compare`. */
  compare(query: CompareQuery): Promise<Comparison> {
    return compare(this.#sources, query);
  }

  /** Conversations and turns by hour of the week; see `busiest`. */
  busiest(query: BusiestQuery): Promise<{ from: string; to: string; hours: HourOfWeek[] }> {
    return busiest(this.#parts.db.kv, this.#parts.clock, query);
  }

  /** Days out of the ordinary for their weekday; see `anomalies`. */
  anomalies(query: AnomaliesQuery): Promise<Anomalies> {
    return anomalies(this.#sources, query);
  }

  /** People who came back; see `retention`. */
  retention(query: RetentionQuery): Promise<{ from: string; to: string; cohorts: Cohort[] }> {
    return retention(this.#sources, query);
  }

  /** What to teach a bot next: its unanswered questions grouped by likeness, at most `limit`. */
  async unanswered(botId: string, limit: number): Promise<UnansweredGroup[]> {
    const { db, unanswered, texts } = this.#parts;
    return await unanswered.groups(await botNumber(db.kv, botId), texts, limit);
  }
}
