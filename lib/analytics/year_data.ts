import { type Counts, decodeCounts } from "../kv/counts.ts";
import { rollupKey } from "./keys.ts";
import { type BotCounts, botsIn, type NumberedCounts, readRun, withIds } from "./report_data.ts";

/** A month over all bots. */
export interface MonthTotals {
  conversations: number;
  scores: number;
  /** In millionths. */
  scoreSum: number;
  /** Its distinct users. */
  users: Counts;
}

/** What a monthly report is made of. */
export interface YearTotals {
  /** The 12 months that end with the report's own, oldest first. */
  months: MonthTotals[];
  /** Bots that had a conversation in the last of them. */
  bots: BotCounts[];
  /** Never the same after a change of what was read. */
  version: string;
}

const MONTHS_A_YEAR = 12;
const BATCH = 500;

/**
 * Reads the year that ends with a month from the bots' rollups of its months: it costs by bots, and
 * no more for many conversations than for few.
 */
export async function readYear(kv: Deno.Kv, last: number): Promise<YearTotals> {
  const first = last + 1 - MONTHS_A_YEAR;
  const range = { start: rollupKey("month", first, 0), end: rollupKey("month", last + 1, 0) };
  const [users, rollups] = await Promise.all([
    readRun(kv, "month", first, MONTHS_A_YEAR),
    Array.fromAsync(kv.list(range, { batchSize: BATCH })),
  ]);
  const months = users.map((entry): MonthTotals => ({
    conversations: 0,
    scores: 0,
    scoreSum: 0,
    users: decodeCounts(entry?.value),
  }));
  const bots: NumberedCounts[] = [];
  for (const { key, value } of rollups) {
    const month = months[Number(key[2]) - first]!;
    for (const bot of botsIn(Number(key[3]), decodeCounts(value))) {
      month.conversations += bot.conversations;
      month.scores += bot.scores;
      month.scoreSum += bot.scoreSum;
      if (month === months.at(-1)) bots.push(bot);
    }
  }
  return { months, bots: await withIds(kv, bots), version: versionOf([...users, ...rollups]) };
}

/** How many records there are and when the last of them was written. */
function versionOf(entries: readonly (Deno.KvEntry<unknown> | undefined)[]): string {
  let records = 0;
  let latest = "";
  for (const entry of entries) {
    if (!entry) continue;
    records++;
    if (entry.versionstamp > latest) latest = entry.versionstamp;
  }
  return `${records} ${latest}`;
}
