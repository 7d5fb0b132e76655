/**
 * Where analytics keeps its records. All but `bot`, `botId`, `top` and `report` are count records.
 * Numbers are days, weeks, months and quarter hours since the epoch (periods.ts).
 */
import type { PeriodKind, ReportKind } from "./periods.ts";

const LETTER = { day: "d", week: "w", month: "m" } as const;

/**
 * Rollup of a chunk of bots for 15 minutes, a day or a month. The quarter hours of a chunk lie
 * together, so that one bot's are one list; days and months have all their bots together.
 */
export const rollupKey = (
  kind: "quarter" | "day" | "month",
  n: number,
  chunk: number,
): Deno.KvKey => kind === "quarter" ? ["stats", "q", chunk, n] : ["stats", LETTER[kind], n, chunk];

export const rollupPrefix = (kind: "day" | "month", n: number): Deno.KvKey => [
  "stats",
  LETTER[kind],
  n,
];

/** Over all bots: the counters of a day, and the users of a day, week or month. */
export const totalsKey = (kind: PeriodKind, n: number): Deno.KvKey => [
  "stats",
  "t",
  LETTER[kind],
  n,
];

/** What of a day's facts is kept no more. */
export const lostKey = (day: number): Deno.KvKey => ["stats", "lost", day];

/** Conversations that are or were live here, by status. */
export const liveKey: Deno.KvKey = ["stats", "live"];

/** The days on which a user started conversations, over all time. */
export const userKey = (userId: string): Deno.KvKey => ["stats", "u", userId];

/** A user's conversations of a month, by quarter hour of the month; see user_month.ts. */
export const userMonthKey = (month: number, userId: string): Deno.KvKey => [
  "stats",
  "um",
  month,
  userId,
];

/** How often users' records changed; see user_changes.ts. */
export const userChangesKey: Deno.KvKey = ["stats", "users"];

export const usersPrefix: Deno.KvKey = ["stats", "u"];

export const userMonthPrefix = (month: number): Deno.KvKey => ["stats", "um", month];

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

/** How often a question, by the signature of its words, stayed unanswered. */
export const askedKey = (bot: number, signature: string): Deno.KvKey => [
  "stats",
  "ask",
  bot,
  signature,
];

export const askedPrefix = (bot: number): Deno.KvKey => ["stats", "ask", bot];

/** A place where that question was asked. */
export const refKey = (bot: number, signature: string, slot: number): Deno.KvKey => [
  "stats",
  "askref",
  bot,
  signature,
  slot,
];

export const refsPrefix = (bot: number): Deno.KvKey => ["stats", "askref", bot];
