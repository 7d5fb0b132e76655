import { z } from "zod";

/** Payload of the job that answers one turn; the texts stay in the conversation. */
export const turnJobSchema = z.object({
  conversationId: z.string(),
  turn: z.number().int().positive(),
  botId: z.string(),
  startedAt: z.number(),
});
export type TurnJob = z.infer<typeof turnJobSchema>;

export const TURN_JOB_KIND = "process_conversation";
