import { countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import { type Difference, Differences } from "./differences.ts";
import { liveKey, lostKey, totalsKey } from "./keys.ts";
import { LiveField } from "./live.ts";
import { Metric } from "./metrics.ts";
import { dateText } from "./periods.ts";
import { FactTally, type KeptConversationFact } from "./recount_facts.ts";
import { compareRollups } from "./recount_rollups.ts";
import { compareUsers } from "./recount_users.ts";

/** The facts that are kept, which conversations own. */
export interface ConversationFacts {
  conversations(): AsyncIterable<KeptConversationFact>;
}

export interface RecountResult {
  /** Facts counted. */
  conversations: number;
  turns: number;
  /** Counts compared. */
  compared: number;
  /** The first 1,000 that differ. */
  differences: Difference[];
  differenceCount: number;
  /** Days whose facts are partly packed or deleted: what those fed is not compared with facts. */
  days_without_all_facts: string[];
  /** Days that changed while they were compared: differences of theirs are not reported. */
  changed_meanwhile: string[];
}

/**
 * Counts everything again from the facts that are kept, and compares: 15-minute rollups and users'
 * months with the facts; days, months, totals, users and top lists with what lies below them; the
 * live figures with the conversations. Writes nothing. It costs by conversations, and holds the
 * rollups of the days that have any in memory.
 */
export async function recount(
  kv: Deno.Kv,
  facts: ConversationFacts,
  signal?: AbortSignal,
): Promise<RecountResult> {
  const before = await dayVersions(kv);
  const lost = await readLost(kv);
  const tally = await FactTally.open(kv);
  for await (const conversation of facts.conversations()) {
    signal?.throwIfAborted();
    tally.add(conversation);
  }
  const found = new Differences();
  tally.reportUnknownBots(found);
  await compareRollups(kv, tally, lost, found, signal);
  await compareUsers(kv, tally, lost, found, signal);
  await compareLive(kv, tally, lost.size > 0, found);
  const after = await dayVersions(kv);
  const changed = new Set<number>();
  for (const [day, version] of after) if (before.get(day) !== version) changed.add(day);
  const { differences, count } = found.result(changed);
  return {
    conversations: tally.conversations,
    turns: tally.turns,
    compared: found.compared,
    differences,
    differenceCount: count,
    days_without_all_facts: [...lost.keys()].map(dateText),
    changed_meanwhile: [...changed].map(dateText),
  };
}

async function dayVersions(kv: Deno.Kv): Promise<Map<number, number>> {
  const versions = new Map<number, number>();
  for await (const { key, value } of kv.list({ prefix: totalsKey("day", 0).slice(0, -1) })) {
    versions.set(Number(key.at(-1)), countOf(decodeCounts(value), Metric.version));
  }
  return versions;
}

async function readLost(kv: Deno.Kv): Promise<Map<number, Counts>> {
  const lost = new Map<number, Counts>();
  for await (const { key, value } of kv.list({ prefix: lostKey(0).slice(0, -1) })) {
    lost.set(Number(key.at(-1)), decodeCounts(value));
  }
  return lost;
}

/** Ended conversations that were deleted stay in the live figures; pending ones never go. */
async function compareLive(kv: Deno.Kv, tally: FactTally, lost: boolean, found: Differences) {
  const stored = decodeCounts((await kv.get(liveKey)).value);
  const name = (field: number) =>
    Object.entries(LiveField).find(([, n]) => n === field)?.[0] ?? `field ${field}`;
  const known = (field: number) => !lost || field === LiveField.pending;
  found.checkRecord(null, "live conversations", tally.live, stored, name, known);
}
