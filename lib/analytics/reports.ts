import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { readImportedNames } from "./bot_index.ts";
import {
  type DailyBody,
  type DailyReport,
  dailyReport,
  type SystemAverage,
} from "./daily_report.ts";
import { reportKey } from "./keys.ts";
import { type LiveMetrics, readLiveMetrics, readOutcomes, type TurnOutcomes } from "./live.ts";
import {
  type Elapsed,
  elapsedBefore,
  type MonthlyBody,
  type MonthlyReport,
  monthlyReport,
} from "./monthly_report.ts";
import {
  DAY_MS,
  dayOf,
  dayOfDate,
  endDay,
  firstDay,
  type PeriodKind,
  periodOf,
  type ReportKind,
} from "./periods.ts";
import type { BotRow, ReportFrame } from "./report.ts";
import {
  conversationsIn,
  COUNTERS,
  isPartial,
  readBots,
  readTotals,
  type ReportTotals,
  versionOf,
  VERSIONS,
} from "./report_data.ts";
import { readTopUsers } from "./top_users.ts";
import type { UserMonths } from "./user_months.ts";
import { type WeeklyBody, type WeeklyReport, weeklyReport } from "./weekly_report.ts";
import { readYear, type YearTotals } from "./year_data.ts";

export type Report = DailyReport | WeeklyReport | MonthlyReport;
type Body = DailyBody | WeeklyBody | MonthlyBody;

/** Health samples, which monitoring keeps. Instants in milliseconds, `to` not included. */
export interface SystemSamples {
  average(from: number, to: number): Promise<SystemAverage>;
}

/** Names that bots were defined with; undefined for a bot that nobody defined. */
export interface BotNames {
  nameOf(botId: string): Promise<string | undefined>;
}

interface StoredReport {
  /** Of the totals it was made from; a number where they say how often they changed. */
  version: number | string;
  revision: number;
  generatedAt: number;
  /** Absent when it is too large for one value; it is then made again from the rollups. */
  body?: Body;
}

type Basis =
  & { version: StoredReport["version"] }
  & ({ kind: "daily" | "weekly"; totals: ReportTotals } | { kind: "monthly"; year: YearTotals });

const PERIOD: Record<ReportKind, PeriodKind> = { daily: "day", weekly: "week", monthly: "month" };
const MAX_ATTEMPTS = 5;
/** Characters of JSON of a report that is stored whole; a value holds 64 KiB. */
const MAX_STORED_LENGTH = 25_000;

/**
 * Daily, weekly and monthly reports, made from rollups alone. A report of a finished period is
 * stored and stays valid until the rollups it shows change.
 */
export class Reports {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #samples: SystemSamples;
  readonly #names: BotNames;
  readonly #users: UserMonths;

  constructor(
    parts: {
      db: Database;
      clock: Clock;
      samples: SystemSamples;
      names: BotNames;
      users: UserMonths;
    },
  ) {
    this.#db = parts.db;
    this.#clock = parts.clock;
    this.#samples = parts.samples;
    this.#names = parts.names;
    this.#users = parts.users;
  }

  /** `date` "YYYY-MM-DD"; by default yesterday. */
  daily(date?: string): Promise<DailyReport> {
    return this.#report("daily", date) as Promise<DailyReport>;
  }

  /** The Monday-based week of `date`; by default last week. */
  weekly(date?: string): Promise<WeeklyReport> {
    return this.#report("weekly", date) as Promise<WeeklyReport>;
  }

  /** The month of `date`; by default last month. */
  monthly(date?: string): Promise<MonthlyReport> {
    return this.#report("monthly", date) as Promise<MonthlyReport>;
  }

  /** Makes the report again whether or not its data changed, and stores it. */
  rebuild(kind: ReportKind, date?: string): Promise<Report> {
    return this.#report(kind, date, true);
  }

  /** Live conversations by status. */
  liveMetrics(): Promise<LiveMetrics> {
    return readLiveMetrics(this.#db.kv);
  }

  /** How turns ended from `from` to `to` (ms since the epoch), to the quarter hour. */
  outcomes(from: number, to: number): Promise<TurnOutcomes> {
    return readOutcomes(this.#db.kv, from, to);
  }

  async #report(kind: ReportKind, date?: string, anew = false): Promise<Report> {
    const period = PERIOD[kind];
    const n = date === undefined
      ? periodOf(period, dayOf(this.#clock.now())) - 1
      : periodOf(period, dayOfDate(date));
    const key = reportKey(kind, n);
    for (let attempt = 1;; attempt++) {
      const now = this.#clock.now();
      const partial = isPartial(period, n, dayOf(now));
      const [entry, basis] = await Promise.all([
        this.#db.kv.get<StoredReport>(key),
        this.#basis(kind, n),
      ]);
      const { version } = basis;
      const stored = entry.value;
      const current = stored?.version === version;
      if (current && !partial && !anew && stored.body) {
        return await this.#show(stored.body, stored, partial, now);
      }
      const body = await this.#build(basis, n, now);
      const { version: after } = await this.#basis(kind, n, VERSIONS);
      // Counted while we read: figures of two moments do not belong in one report.
      if (attempt < MAX_ATTEMPTS && after !== version) continue;
      const same = current || (stored?.body && equal(stored.body, body));
      const revision = !stored ? 1 : same ? stored.revision : stored.revision + 1;
      const made: StoredReport = { version, revision, generatedAt: now };
      if (!partial) {
        const whole = JSON.stringify(body).length <= MAX_STORED_LENGTH;
        const tx = new WriteSet().check(key, entry.versionstamp)
          .set(key, whole ? { ...made, body } : made);
        if (!await this.#db.commit(tx) && attempt < MAX_ATTEMPTS) continue;
      }
      return await this.#show(body, made, partial, now);
    }
  }

  /** What a report is made from; of days and weeks the fields below `end`. */
  async #basis(kind: ReportKind, n: number, end = COUNTERS): Promise<Basis> {
    const { kv } = this.#db;
    if (kind === "monthly") {
      const year = await readYear(kv, n);
      return { kind, year, version: year.version };
    }
    const totals = await readTotals(kv, kind === "daily" ? "day" : "week", n, end);
    return { kind, totals, version: versionOf(totals) };
  }

  async #build(basis: Basis, n: number, now: number): Promise<Body> {
    const { kv } = this.#db;
    if (basis.kind === "weekly") return weeklyReport(n, basis.totals, dayOf(now));
    if (basis.kind === "monthly") {
      const [top, elapsed] = await Promise.all([
        readTopUsers(kv, n),
        isPartial("month", n, dayOf(now)) ? this.#elapsedBefore(n, now) : null,
      ]);
      return monthlyReport(n, basis.year, dayOf(now), top, elapsed);
    }
    const [bots, system] = await Promise.all([
      readBots(kv, n),
      this.#samples.average(firstDay("day", n) * DAY_MS, endDay("day", n) * DAY_MS),
    ]);
    return dailyReport(n, basis.totals, bots, system);
  }

  /** Costs by the users of the month before. */
  async #elapsedBefore(month: number, now: number): Promise<Elapsed> {
    const { kv } = this.#db;
    const { from, to } = elapsedBefore(month, now);
    if (to <= from) return { end: to, conversations: 0, users: 0 };
    const [conversations, users] = await Promise.all([
      conversationsIn(kv, from, to),
      this.#users.countUntil(month - 1, to - from),
    ]);
    return { end: to, conversations, users };
  }

  async #show(body: Body, made: StoredReport, partial: boolean, now: number): Promise<Report> {
    const frame: Omit<ReportFrame, "period"> = {
      generated_at: new Date(made.generatedAt).toISOString(),
      data_as_of: new Date(now).toISOString(),
      partial,
      revision: made.revision,
    };
    if (body.report_type === "daily") {
      const { bot_statistics } = body.bot_performance;
      const bots = { ...body.bot_performance, bot_statistics: await this.#named(bot_statistics) };
      return { ...body, bot_performance: bots, ...frame };
    }
    if (body.report_type === "monthly") {
      const { top_bots } = body.top_performers;
      const top = { ...body.top_performers, top_bots: await this.#named(top_bots) };
      return { ...body, top_performers: top, ...frame };
    }
    return { ...body, ...frame };
  }

  async #named(rows: readonly BotRow[]): Promise<BotRow[]> {
    const [imported, defined] = await Promise.all([
      readImportedNames(this.#db.kv, rows.map((row) => row.bot_id)),
      Promise.all(rows.map((row) => this.#names.nameOf(row.bot_id))),
    ]);
    return rows.map((row, i) => ({
      ...row,
      bot_name: defined[i] ?? imported.get(row.bot_id) ?? row.bot_id,
    }));
  }
}

/** Whether two reports say the same. */
const equal = (a: Body, b: Body): boolean => JSON.stringify(a) === JSON.stringify(b);
