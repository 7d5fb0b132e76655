import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import type {
  AnswerRecord,
  CallbackRecord,
  TurnRecord,
} from "../lib/conversations/conversation.ts";
import { answerKey, turnKey } from "../lib/conversations/keys.ts";
import {
  cancel,
  complete,
  declareJob,
  handleJob,
  type JobDefinition,
} from "../lib/jobs/definition.ts";
import type { Database } from "../lib/kv/database.ts";
import type { WriteSet } from "../lib/kv/write_set.ts";
import type { OutboundPolicy } from "../lib/notifications/address.ts";
import { sendWebhook } from "../lib/notifications/webhook.ts";

const payload = z.object({
  conversation_id: z.string(),
  turn: z.number().int().positive(),
  url: z.string(),
});
export type CallbackJob = z.infer<typeof payload>;

const MAX_ERROR = 300;

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
  clock: Clock;
  secret: string;
  policy: OutboundPolicy;
}

/** Delivers callbacks, signed; the message's id is the task's, the same for every attempt. */
export function deliverCallback(
  { db, clock, secret, policy }: CallbackDeps,
): JobDefinition<CallbackJob> {
  return handleJob(callbackJob, {
    async perform(job) {
      const { conversation_id: conversationId, turn, url } = job.payload;
      const [asked, answer] = await db.kv.getMany<[TurnRecord, AnswerRecord]>([
        turnKey(conversationId, turn),
        answerKey(conversationId, turn),
      ]);
      if (!asked.value || !answer.value || asked.value.erased) {
        return cancel("its texts are archived or deleted");
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
      const { status: statusCode } = response;
      return complete({ status_code: statusCode }, (tx) =>
        note(tx, db, job.payload, {
          status: "delivered",
          at: clock.now(),
          attempts: job.attempt,
          statusCode,
        }));
    },

    async settle(tx, job, { state, error }) {
      const payload = callbackJob.payload.safeParse(job.payload);
      if (!payload.success) return;
      await note(tx, db, payload.data, {
        status: state,
        at: clock.now(),
        attempts: job.attempt,
        error: error.message.slice(0, MAX_ERROR),
      });
    },

    async revive(tx, job) {
      const payload = callbackJob.payload.safeParse(job.payload);
      if (payload.success) await note(tx, db, payload.data, undefined);
    },
  });
}

/** Records at the turn what became of its delivery; nothing once its texts are gone. */
async function note(
  tx: WriteSet,
  db: Database,
  { conversation_id, turn }: CallbackJob,
  callback: CallbackRecord | undefined,
): Promise<void> {
  const key = turnKey(conversation_id, turn);
  const { value, versionstamp } = await db.kv.get<TurnRecord>(key);
  if (!value || value.erased) return;
  const { callback: _before, ...rest } = value;
  tx.check(key, versionstamp).set(key, callback ? { ...rest, callback } : rest);
}
