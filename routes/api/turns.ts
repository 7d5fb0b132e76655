import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import {
  BatchQueued,
  BatchStatus,
  ConversationStatus,
  NewBatch,
  NewTurn,
  QueueQuery,
  TurnQueued,
  UrgentTurn,
  WaitQuery,
} from "../../lib/wire/schemas/conversations.ts";
import { Id, priorityNumber, PriorityWord, priorityWord } from "../../lib/wire/schemas/text.ts";
import type { TurnResult } from "../../lib/conversations/conversation.ts";
import type { NewTurn as Turn } from "../../lib/conversations/submit.ts";
import type { Call, Payload } from "./call.ts";
import { type GivenAddress, refuseInnerAddresses } from "./given_address.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant, shownResult } from "./shown.ts";
import { preferredWait, waitForEnd } from "./waiting.ts";

const ConversationId = z.object({ conversation_id: Id });
const BatchId = z.object({ batch_id: Id });
type WireTurn = z.output<typeof UrgentTurn> & { priority?: PriorityWord | null };

/** Turns: queueing them, one or many, and how far they are. */
export function addTurns(api: ApiBuilder): void {
  const { conversations, admit } = api.deps;

  api.add({
    route: "POST /conversations/queue",
    tag: "Conversations",
    summary: "Queue a user's message for an answer",
    description: "A known conversation_id makes it that conversation's next turn.",
    query: QueueQuery,
    body: NewTurn,
    answer: TurnQueued,
    often: true,
    queues: true,
    waits: true,
    handle: (call) => queueTurn(api, call, call.query.priority ?? call.body.priority ?? "normal"),
  });

  api.add({
    route: "POST /conversations/queue/priority",
    tag: "Conversations",
    summary: "Queue a user's message before the others",
    body: UrgentTurn,
    answer: TurnQueued,
    often: true,
    queues: true,
    waits: true,
    handle: (call) => queueTurn(api, call, "high"),
  });

  api.add({
    route: "POST /conversations/batch",
    tag: "Conversations",
    summary: "Queue up to 1,000 messages, all or none",
    body: NewBatch,
    answer: BatchQueued,
    queues: true,
    async handle({ body, principal, claim }) {
      const turns = body.conversations.map((turn) =>
        turnOf(turn, principal.subject, turn.priority ?? "normal")
      );
      await refuseInnerAddresses(api.deps.config, callbacksOf(body.conversations));
      // A batch may be too large for one commit; its name makes repeating it harmless.
      const name = await claim?.name();
      const { batchId, taskIds, queued } = await conversations.submitBatch(
        body.batch_id ?? name,
        turns,
        () => admit(turns.length),
      );
      return {
        batch_result: { batch_id: batchId, queued_conversations: queued, task_ids: taskIds },
      };
    },
  });

  api.add({
    route: "GET /conversations/{conversation_id}/status",
    tag: "Conversations",
    summary: "Where a conversation's latest turn stands",
    params: ConversationId,
    query: WaitQuery,
    unknown: ({ conversation_id }) => unknownStatus(conversation_id!),
    waits: true,
    answer: ConversationStatus,
    async handle(call) {
      const { conversation_id } = call.params;
      let status = await conversations.status(conversation_id);
      const wait = call.query.wait ?? 0;
      const taskId = status?.taskId;
      if (taskId && wait > 0 && status?.completedAt === undefined) {
        await waitForEnd(api.deps, taskId, wait, call.signal);
        status = await conversations.status(conversation_id);
      }
      if (!status) throw unknownStatus(conversation_id);
      return {
        conversation_status: {
          conversation_id,
          task_id: status.taskId,
          status: status.status,
          priority: priorityWord(status.priority),
          queued_at: instant(status.queuedAt),
          ...(status.completedAt === undefined
            ? {}
            : { completed_at: instant(status.completedAt) }),
          ...(status.result ? { result: shownResult(status.result, call.principal) } : {}),
          ...(status.error ? { error: status.error } : {}),
        },
      };
    },
  });

  api.add({
    route: "GET /conversations/batch/{batch_id}/status",
    tag: "Conversations",
    summary: "How far a batch is",
    params: BatchId,
    query: WaitQuery,
    waits: true,
    answer: BatchStatus,
    async handle({ params: { batch_id }, query: { wait = 0 }, signal }) {
      let batch = await conversations.batchStatus(batch_id);
      if (wait > 0 && batch?.status === "processing") {
        await conversations.batchSettled(batch_id, wait * 1_000, signal);
        batch = await conversations.batchStatus(batch_id);
      }
      if (!batch) throw notFound("There is no such batch.");
      const done = batch.completed + batch.failed;
      return {
        batch_status: {
          batch_id,
          status: batch.status,
          total_conversations: batch.total,
          completed: batch.completed,
          failed: batch.failed,
          pending: batch.pending,
          progress_percent: batch.total === 0 ? 100 : Math.round(done / batch.total * 1e4) / 100,
          created_at: instant(batch.createdAt),
        },
      };
    },
  });
}

async function queueTurn(
  api: ApiBuilder,
  call: Call<unknown, unknown, WireTurn>,
  priority: PriorityWord,
): Promise<Payload<typeof TurnQueued>> {
  const { conversations, engine, admit } = api.deps;
  const { body, principal, claim, request } = call;
  if (body.callback_url) {
    await refuseInnerAddresses(api.deps.config, [{ path: "callback_url", url: body.callback_url }]);
  }
  const turn = turnOf(body, principal.subject, priority);
  const { taskId, conversationId } = await conversations.submit(
    turn,
    claim,
    () => admit(1, turn.priority),
  );
  const queued = { task_id: taskId, conversation_id: conversationId, priority };
  const wait = preferredWait(request);
  if (wait !== null) call.header("preference-applied", `wait=${wait}`);
  if (!wait || !await waitForEnd(api.deps, taskId, wait, call.signal)) return queued;
  const job = await engine.get(taskId);
  const error = job?.state === "cancelled"
    ? { code: "cancelled", message: job.reason ?? "cancelled" }
    : job?.errors?.at(-1);
  return {
    ...queued,
    ...(job?.state === "completed" && job.result
      ? { result: shownResult(job.result as TurnResult, principal) }
      : error
      ? { error: { code: error.code, message: error.message } }
      : {}),
  };
}

function callbacksOf(turns: WireTurn[]): GivenAddress[] {
  return turns.flatMap(({ callback_url: url }, index) =>
    url ? [{ path: `conversations.${index}.callback_url`, url }] : []
  );
}

function turnOf(turn: WireTurn, subject: string, priority: PriorityWord): Turn {
  return {
    conversationId: turn.conversation_id,
    userMessage: turn.user_message,
    botId: turn.bot_id,
    userId: turn.user_id ?? subject,
    priority: priorityNumber(priority),
    ...(turn.metadata ? { metadata: turn.metadata } : {}),
    ...(turn.callback_url ? { callbackUrl: turn.callback_url } : {}),
  };
}

function unknownStatus(conversationId: string) {
  return notFound("There is no such conversation.", {
    conversation_status: { conversation_id: conversationId, status: "not_found" },
  });
}
