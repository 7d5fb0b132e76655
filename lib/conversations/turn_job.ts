import { z } from "zod";
import { declareJob } from "../jobs/definition.ts";
import { exponential } from "../jobs/backoff.ts";

const payload = z.object({
  conversation_id: z.string(),
  turn: z.number().int().positive(),
  bot_id: z.string(),
  started_at: z.number(),
});
export type TurnJob = z.infer<typeof payload>;

/** Answers one turn; the texts stay in the conversation. */
export const turnJob = declareJob<TurnJob>({
  kind: "process_conversation",
  queue: "conversations",
  payload,
  maxAttempts: 5,
  timeoutMs: 120_000,
  backoff: exponential(500, 60_000),
});
