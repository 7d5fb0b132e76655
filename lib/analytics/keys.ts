/**
 * Where analytics keeps its records. All but `bot`, `botId`, `top` and `report` are count records.
 * Numbers are days, weeks, months and quarter hours since the epoch (periods.ts).
 */
import type { PeriodKind, ReportKind } from "./periods.ts";

const LETTER = { quarter: "q", day: "d", week: "w", month: "m" } as const;

/** Rollup of a chunk of bots for 15 minutes, a day or a month. */
export const rollupKey = (
  kind: "quarter" | "day" | "month",
  n: number,
  chunk: number,
): Deno.KvKey => ["stats", LETTER[kind], n, chunk];

export const rollupPrefix = (kind: "quarter" | "day" | "month", n: number): Deno.KvKey => [
  "stats",
  LETTER[kind],
  n,
];

/**
 * Over all bots: the counters of a day, and of a quarter hour in which turns ended; the users of a
 * day, week or month.
 */
export const totalsKey = (kind: "quarter" | PeriodKind, n: number): Deno.KvKey => [
  "stats",
  "t",
  LETTER[kind],
  n,
];

/** Conversations that are or were live here, by status. */
export const liveKey: Deno.KvKey = ["stats", "live"];

/** The days on which a user started conversations, over all time. */
export const userKey = (userId: string): Deno.KvKey => ["stats", "u", userId];

/** A user's conversations of a month, by quarter hour of the month. */
export const userMonthKey = (month: number, userId: string): Deno.KvKey => [
  "stats",
  "um",
  month,
  userId,
];

/** Users of a month, most conversations first, then by id. */
export const topKey = (month: number, conversations: number, userId: string): Deno.KvKey => [
  "stats",
  "top",
  month,
  -conversations,
  userId,
];

export const topPrefix = (month: number): Deno.KvKey => ["stats", "top", month];

/** The number that stands for a bot in the records, and the name it was last imported with. */
export const botKey = (botId: string): Deno.KvKey => ["stats", "bot", botId];

/** The id behind a bot's number. */
export const botIdKey = (index: number): Deno.KvKey => ["stats", "botid", index];

/** The number that the next new bot gets. */
export const nextBotKey: Deno.KvKey = ["stats", "bots"];

export const reportKey = (kind: ReportKind, n: number): Deno.KvKey => ["reports", kind, n];
