/** Every fixed text that more than one place shows. Keys are the wire's. */
import type { TrendDirection } from "../../lib/wire/analytics.ts";
import type { PriorityWord, Role } from "../../lib/wire/envelope.ts";
import type { CleanupType, HealthWord, ScoreTerm } from "../../lib/wire/system.ts";
import type { TaskStatus, WaitingReason } from "../../lib/wire/tasks.ts";

/** What the API shows in the place of texts that one may not read. */
export const HIDDEN = "[hidden]";

/** How a thing stands; each has one colour and one shape. */
export type Tone = "ok" | "busy" | "warn" | "bad" | "idle";

export const TASK_STATUS: Record<TaskStatus, { word: string; tone: Tone }> = {
  queued: { word: "Queued", tone: "idle" },
  scheduled: { word: "Scheduled", tone: "idle" },
  running: { word: "Running", tone: "busy" },
  retrying: { word: "Retrying", tone: "warn" },
  completed: { word: "Completed", tone: "ok" },
  failed: { word: "Failed", tone: "bad" },
  cancelled: { word: "Cancelled", tone: "idle" },
};

export const HEALTH: Record<HealthWord, { word: string; tone: Tone }> = {
  healthy: { word: "Healthy", tone: "ok" },
  degraded: { word: "Degraded", tone: "warn" },
  unhealthy: { word: "Unhealthy", tone: "bad" },
};

export const PRIORITY: Record<PriorityWord, string> = {
  high: "High",
  normal: "Normal",
  low: "Low",
};

export const ROLE: Record<Role, string> = {
  viewer: "Viewer",
  operator: "Operator",
  admin: "Admin",
};

export const WAITING: Record<WaitingReason, string> = {
  paused: "Its queue is paused",
  behind: "Others are ahead of it",
  earlier_turn: "An earlier turn of its conversation comes first",
  backoff: "It failed and is waiting to try again",
  scheduled: "It is to run later",
  concurrency: "Every place in its queue is taken",
  rate_limited: "Its queue or its key is held to a rate",
  no_worker: "No worker takes tasks from its queue",
  provider_down: "The AI provider does not answer",
  training: "The bot is being trained",
};

export const SCORE_TERM: Record<ScoreTerm["term"], string> = {
  cache_hit_rate: "Cache hit rate",
  success_rate: "Success rate",
  cpu: "CPU",
  memory: "Memory",
};

export const TREND: Record<TrendDirection, { word: string; sign: string }> = {
  increasing: { word: "Increasing", sign: "↗" },
  decreasing: { word: "Decreasing", sign: "↘" },
  stable: { word: "Stable", sign: "→" },
  insufficient_data: { word: "Too few days to tell", sign: "–" },
};

export const CONVERSATION_STATUS: Record<string, { word: string; tone: Tone }> = {
  pending: { word: "Pending", tone: "idle" },
  processing: { word: "Processing", tone: "busy" },
  completed: { word: "Completed", tone: "ok" },
  failed: { word: "Failed", tone: "bad" },
};

export const CLEANUP: Record<CleanupType, { word: string; does: string }> = {
  all: { word: "Everything", does: "old conversations, cache entries and finished tasks" },
  conversations: { word: "Conversations", does: "conversations past their retention" },
  cache: { word: "Cache", does: "cache entries that have expired" },
  tasks: { word: "Tasks", does: "finished tasks past their retention" },
};

/** How far a bot's training is. */
export const TRAINING: Record<string, string> = {
  none: "Not trained",
  training: "Training",
  ready: "Ready",
  failed: "Failed",
};

/** Checks whose names are more than a word in small letters. */
export const CHECK: Record<string, string> = { cpu: "CPU" };

/** A name from the wire as words: "cache_hit_rate" → "Cache hit rate". */
export function asWords(name: string): string {
  const words = name.replaceAll(/[_.-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
