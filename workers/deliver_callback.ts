import { z } from "zod";
import type { AnswerRecord, TurnRecord } from "../lib/conversations/conversation.ts";
import { answerKey, turnKey } from "../lib/conversations/keys.ts";
import {
  cancel,
  complete,
  declareJob,
  handleJob,
  type JobDefinition,
} from "../lib/jobs/definition.ts";
import type { Database } from "../lib/kv/database.ts";
import type { OutboundPolicy } from "../lib/notifications/address.ts";
import { sendWebhook } from "../lib/notifications/webhook.ts";

const payload = z.object({
  conversation_id: z.string(),
  turn: z.number().int().positive(),
  url: z.string(),
});
export type CallbackJob = z.infer<typeof payload>;

/** Sends a turn's outcome to the address that its sender asked for. */
export const callbackJob = declareJob<CallbackJob>({
  kind: "deliver_callback",
  queue: "notifications",
  payload,
  maxAttempts: 8,
  timeoutMs: 30_000,
});

export interface CallbackDeps {
  db: Database;
  secret: string;
  policy: OutboundPolicy;
}

/** Delivers callbacks, signed; the message's id is the task's, the same for every attempt. */
export function deliverCallback({ db, secret, policy }: CallbackDeps): JobDefinition<CallbackJob> {
  return handleJob(callbackJob, {
    async perform(job) {
      const { conversation_id: conversationId, turn, url } = job.payload;
      const [asked, answer] = await db.kv.getMany<[TurnRecord, AnswerRecord]>([
        turnKey(conversationId, turn),
        answerKey(conversationId, turn),
      ]);
      if (!asked.value || !answer.value || asked.value.erased) {
        return cancel("the conversation was deleted");
      }
      const { status, result, error } = answer.value;
      const response = await sendWebhook({
        url,
        id: job.id,
        secret,
        signal: job.signal,
        payload: {
          type: `conversation.${status}`,
          timestamp: new Date(answer.value.at).toISOString(),
          data: {
            conversation_id: conversationId,
            task_id: asked.value.taskId,
            status,
            ...(result ? { result } : {}),
            ...(error ? { error } : {}),
          },
        },
      }, policy);
      return complete({ status_code: response.status });
    },
  });
}
