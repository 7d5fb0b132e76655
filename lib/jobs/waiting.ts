import type { Job } from "./job.ts";
import { FLOW } from "./keys.ts";
import { MAX_CONCURRENCY, MAX_RATE, type QueueLimits } from "./queue_settings.ts";

/** Why a task that has not finished is not running. Fields are those of the wire. */
export interface WaitingReason {
  reason:
    | "paused"
    | "behind"
    | "earlier_turn"
    | "backoff"
    | "scheduled"
    | "concurrency"
    | "rate_limited"
    | "no_worker"
    | "provider_down"
    | "training";
  detail: string;
  /** With `earlier_turn`: the task that goes first. */
  task_id?: string;
  until?: string;
  /** What an operator can do about it: let the queue go on, the task run now, or widen the queue. */
  action?: "resume" | "hasten" | "widen";
  /** With `widen`: the queue's limits, the one that holds the task back doubled. */
  limits?: { concurrency?: number; rate_per_second?: number };
}

/** Why a handler puts its job off. */
export type PutOff = Pick<WaitingReason, "detail" | "task_id"> & {
  reason: "rate_limited" | "provider_down" | "earlier_turn" | "training";
};

const PUT_OFF = /^(rate_limited|provider_down|earlier_turn|training)(?: <(\S+)>)?: (.*)$/s;
const MAX_DETAIL = 300;

/** A reason as the job's record keeps it while it waits. */
export const putOffText = ({ reason, detail, task_id: first }: PutOff): string =>
  `${reason}${first === undefined ? "" : ` <${first}>`}: ${String(detail).slice(0, MAX_DETAIL)}`;

/** What must be known of a job's surroundings to say why it waits. */
export interface WaitingContext {
  now: number;
  paused: { by: string; at: number } | null;
  /** A worker serves the queue. */
  served: boolean;
  running: number;
  concurrency: number;
  /** The queue's limits as somebody set them. */
  limits: QueueLimits;
  /** Its rate holds jobs back. */
  rateLimited: boolean;
  /** Jobs that go first. */
  ahead: number;
  throughputPerSecond: number;
}

/** Reasons that letting the job run now does away with, or puts to the test. */
const HASTENED = new Set<WaitingReason["reason"]>(["scheduled", "provider_down"]);

/** Every reason that keeps a job from running, the strongest first. Pure; empty once it has ended. */
export function waitingBecause(job: Job, context: WaitingContext): WaitingReason[] {
  if (job.finishedAt !== undefined) return [];
  const reasons: WaitingReason[] = [];
  const { now, paused } = context;
  if (job.heldBy) {
    const detail = job.heldBy.startsWith(FLOW)
      ? { detail: `earlier steps of ${job.heldBy} have not completed` }
      : { detail: `one that goes first has not ended (task ${job.heldBy})`, task_id: job.heldBy };
    reasons.push({ reason: "earlier_turn", ...detail });
  }
  if (job.runAt !== undefined && job.runAt > now) {
    const until = new Date(job.runAt).toISOString();
    if (job.state === "retrying") {
      const last = job.errors?.at(-1)?.message ?? "unknown";
      reasons.push({
        reason: "backoff",
        detail: `attempt ${
          job.attempt + 1
        } of ${job.maxAttempts} comes next; the last error was: ${last}`,
        until,
        action: "hasten",
      });
    } else {
      const why = putOffOf(job);
      reasons.push({ ...why, until, ...(HASTENED.has(why.reason) ? { action: "hasten" } : {}) });
    }
  }
  if (paused) {
    reasons.push({
      reason: "paused",
      detail: `the queue ${job.queue} was paused by ${paused.by} at ${
        new Date(paused.at).toISOString()
      }`,
      action: "resume",
    });
  } else if (!context.served) {
    reasons.push({ reason: "no_worker", detail: `no worker serves the queue ${job.queue}` });
  }
  if (reasons.length > 0) return reasons;
  if (context.running >= context.concurrency) {
    reasons.push({
      reason: "concurrency",
      detail: `all ${context.concurrency} places of the queue ${job.queue} are taken`,
      ...widened(context.limits, "concurrency", context.concurrency, MAX_CONCURRENCY),
    });
  }
  const { ratePerSecond } = context.limits;
  if (context.rateLimited && ratePerSecond !== undefined) {
    reasons.push({
      reason: "rate_limited",
      detail: `the queue ${job.queue} starts at most ${ratePerSecond} a second`,
      ...widened(context.limits, "ratePerSecond", ratePerSecond, MAX_RATE),
    });
  }
  if (context.ahead > 0) {
    const start = context.throughputPerSecond > 0
      ? new Date(now + context.ahead / context.throughputPerSecond * 1000).toISOString()
      : undefined;
    reasons.push({
      reason: "behind",
      detail: `${context.ahead} others go first`,
      ...(start ? { until: start } : {}),
    });
  }
  return reasons;
}

function putOffOf({ reason }: Job): WaitingReason {
  const [, word, first, detail = ""] = PUT_OFF.exec(reason ?? "") ?? [];
  if (word === undefined) return { reason: "scheduled", detail: "it was asked to run later" };
  const task = first === undefined ? {} : { task_id: first };
  return { reason: word as PutOff["reason"], detail, ...task };
}

/** What doubles one of a queue's limits; nothing where it is at its most. */
function widened(
  limits: QueueLimits,
  name: keyof QueueLimits,
  now: number,
  most: number,
): Pick<WaitingReason, "action" | "limits"> {
  if (now <= 0 || now >= most) return {};
  const wider: QueueLimits = { ...limits, [name]: Math.min(2 * now, most) };
  const { concurrency, ratePerSecond } = wider;
  return {
    action: "widen",
    limits: {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(ratePerSecond === undefined ? {} : { rate_per_second: ratePerSecond }),
    },
  };
}
