import { sleep } from "../clock.ts";
import { type Answer, ask, isHistory } from "./ask.ts";
import type { ApiClient } from "./api_client.ts";
import type { RecordedConversation } from "./conversation_file.ts";

/** How a replay is driven. */
export interface ReplayOptions {
  /** At most this many user turns. */
  limit: number;
  /** At most this many turns a second; null for as fast as answers come. */
  ratePerSecond: number | null;
  /** Conversations that run at the same time. */
  concurrency: number;
  /** Put before every conversation id, to have the same file as new conversations. */
  prefix: string;
  patienceMs: number;
  signal: AbortSignal;
  onProgress(totals: ReplayTotals): void;
}

/** What came of a replay. */
export interface ReplayTotals {
  sent: number;
  answered: number;
  failed: number;
  /** Of the answered: those that an earlier run of the same file had asked already. */
  earlier: number;
  /** Time from sending to answer in milliseconds, by the answer's source. */
  latenciesMs: Map<string, number[]>;
  /** The service stayed away for longer than the patience, which ended the replay. */
  away: boolean;
  /** Why turns failed, with how often; further reasons count under "other". */
  failures: Map<string, number>;
}

const MAX_REASONS = 20;
/** Before the ids of conversations that were imported: live turns would change what is past. */
export const HISTORY_PREFIX = "replay-";

/**
 * Sends the users' turns as live traffic: in order within a conversation, each after the answer to
 * the one before, and different conversations side by side. Keys are made from conversation, place
 * and text, so running it again over the same file asks nothing twice. It ends early when the
 * service stays away for longer than the patience.
 */
export async function replay(
  conversations: AsyncIterable<RecordedConversation>,
  api: ApiClient,
  options: ReplayOptions,
): Promise<ReplayTotals> {
  const totals: ReplayTotals = {
    sent: 0,
    answered: 0,
    failed: 0,
    earlier: 0,
    away: false,
    latenciesMs: new Map(),
    failures: new Map(),
  };
  const startedAt = Date.now();
  const pace = pacer(options.ratePerSecond, options.signal);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const source = conversations[Symbol.asyncIterator]();
  let claimed = 0;

  const replayOne = async (conversation: RecordedConversation, turns: string[]) => {
    const askOptions = { signal, patienceMs: options.patienceMs };
    let conversationId = options.prefix + conversation.conversationId;
    if (await isHistory(api, conversationId, askOptions)) {
      conversationId = HISTORY_PREFIX + conversationId;
    }
    for (const [index, message] of turns.entries()) {
      if (totals.away) return;
      await pace();
      signal.throwIfAborted();
      const { botId, userId } = conversation;
      const key = await keyOf(conversationId, index, message);
      totals.sent++;
      const sentAt = performance.now();
      const question = { conversationId, botId, userId, message, key };
      const answer = await ask(api, question, askOptions);
      count(totals, answer, performance.now() - sentAt, startedAt);
      options.onProgress(totals);
    }
  };
  const work = async () => {
    while (claimed < options.limit && !signal.aborted && !totals.away) {
      const next = await source.next();
      if (next.done) return;
      const turns = next.value.turns.slice(0, Math.max(0, options.limit - claimed));
      claimed += turns.length;
      await replayOne(next.value, turns);
    }
  };
  const workers = Array.from({ length: options.concurrency }, () =>
    work().catch((error) => {
      stop.abort(error);
      throw error;
    }));
  const ended = await Promise.allSettled(workers);
  await source.return?.();
  const broken = ended.find((result) => result.status === "rejected");
  if (broken && !options.signal.aborted) throw stop.signal.reason;
  return totals;
}

function count(totals: ReplayTotals, answer: Answer, ms: number, startedAt: number): void {
  if (answer.outcome === "failed") {
    totals.failed++;
    totals.away ||= answer.away === true;
    const known = totals.failures.has(answer.reason) || totals.failures.size < MAX_REASONS;
    const reason = known ? answer.reason : "other";
    totals.failures.set(reason, (totals.failures.get(reason) ?? 0) + 1);
    return;
  }
  totals.answered++;
  if (answer.processedAt < startedAt) totals.earlier++;
  const latencies = totals.latenciesMs.get(answer.source);
  if (latencies) latencies.push(ms);
  else totals.latenciesMs.set(answer.source, [ms]);
}

/** Waits so that calls are at least one over the rate apart. */
function pacer(ratePerSecond: number | null, signal: AbortSignal): () => Promise<void> {
  let nextAt = performance.now();
  return async () => {
    if (ratePerSecond === null) return;
    const now = performance.now();
    const at = Math.max(now, nextAt);
    nextAt = at + 1_000 / ratePerSecond;
    if (at > now) await sleep(at - now, signal);
  };
}

async function keyOf(conversationId: string, index: number, message: string): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([conversationId, index, message]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return `replay-${digest.subarray(0, 20).toHex()}`;
}

/** The value below which `share` (0–1) of `sorted` lies, by nearest rank; NaN of nothing. */
export function percentile(sorted: number[], share: number): number {
  if (sorted.length === 0) return NaN;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
