import type { Instant } from "./envelope.ts";

/** `metrics` of GET /conversations/metrics: live conversations, not imported ones. */
export interface ConversationMetrics {
  total_conversations: number;
  status_breakdown: { pending: number; processing: number; completed: number; failed: number };
  /** Percent; null when nothing has ended yet. */
  success_rate: number | null;
  timestamp: Instant;
}
