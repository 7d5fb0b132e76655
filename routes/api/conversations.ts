import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import {
  ConversationAnswer,
  ConversationClosed,
  ConversationList,
  ConversationReopened,
  ConversationsQuery,
  FeedbackTaken,
  HandoffTaken,
  ImportanceTaken,
  MetricsAnswer,
  NewFeedback,
  NewHandoff,
  NewImportance,
} from "../../lib/wire/schemas/conversations.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant, shownConversation, shownRow } from "./shown.ts";

const ConversationId = z.object({ conversation_id: Id });

/** Conversations: finding and reading them, and what people and programs note of them. */
export function addConversations(api: ApiBuilder): void {
  const { conversations } = api.deps;
  const unknown = () => notFound("There is no such conversation.");

  api.add({
    route: "GET /conversations/metrics",
    tag: "Conversations",
    summary: "Live conversations by status",
    answer: MetricsAnswer,
    async handle() {
      const { total, breakdown, successRate } = await conversations.metrics();
      return {
        metrics: {
          total_conversations: total,
          status_breakdown: breakdown,
          success_rate: successRate === null ? null : Math.round(successRate * 100) / 100,
          timestamp: instant(api.deps.clock.now()),
        },
      };
    },
  });

  api.add({
    route: "GET /conversations",
    tag: "Conversations",
    summary: "Conversations by when they were stored here, newest first",
    query: ConversationsQuery,
    answer: ConversationList,
    async handle({ query: { limit, cursor, importance } }) {
      const only = { important: importance === "high" };
      const page = await conversations.list(limit, cursor, only);
      return {
        conversations: page.conversations.map(shownRow),
        ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }),
      };
    },
  });

  api.add({
    route: "GET /conversations/{conversation_id}",
    tag: "Conversations",
    summary: "One conversation with its messages",
    params: ConversationId,
    unknown,
    answer: ConversationAnswer,
    async handle({ params: { conversation_id }, principal }) {
      const found = await conversations.get(conversation_id);
      if (!found) throw unknown();
      return { conversation: shownConversation(found, principal) };
    },
  });

  api.add({
    route: "POST /conversations/{conversation_id}/feedback",
    tag: "Conversations",
    summary: "How satisfied the user was",
    params: ConversationId,
    unknown,
    body: NewFeedback,
    often: true,
    answer: FeedbackTaken,
    async handle({ params: { conversation_id }, body }) {
      await conversations.feedback(
        conversation_id,
        body.satisfaction_score,
        body.comment ?? undefined,
      );
      return { conversation_id, satisfaction_score: body.satisfaction_score };
    },
  });

  api.add({
    route: "POST /conversations/{conversation_id}/handoff",
    tag: "Conversations",
    summary: "The user wants to talk to a person",
    description: "Counted and told (ALERT_EMAIL, ALERT_WEBHOOK_URL) once a conversation.",
    params: ConversationId,
    unknown,
    body: NewHandoff,
    answer: HandoffTaken,
    async handle({ params: { conversation_id }, body }) {
      const { handoffAt } = await conversations.handoff(conversation_id, body.reason ?? undefined);
      return { conversation_id, handoff_at: instant(handoffAt) };
    },
  });

  api.add({
    route: "POST /conversations/{conversation_id}/close",
    tag: "Conversations",
    summary: "The conversation is over",
    description: "A further message opens it again.",
    params: ConversationId,
    unknown,
    answer: ConversationClosed,
    async handle({ params: { conversation_id } }) {
      const { closedAt } = await conversations.close(conversation_id);
      return { conversation_id, closed_at: instant(closedAt) };
    },
  });

  api.add({
    route: "POST /conversations/{conversation_id}/reopen",
    tag: "Conversations",
    summary: "The conversation is not over after all",
    description: "`reopened` is false where it was not closed.",
    params: ConversationId,
    unknown,
    answer: ConversationReopened,
    async handle({ params: { conversation_id } }) {
      const { reopened, reopenedAt } = await conversations.reopen(conversation_id);
      return {
        conversation_id,
        reopened,
        ...(reopenedAt === undefined ? {} : { reopened_at: instant(reopenedAt) }),
      };
    },
  });

  api.add({
    route: "POST /conversations/{conversation_id}/importance",
    tag: "Conversations",
    summary: "How much the conversation matters",
    description: "One of high importance is never archived, and `GET /conversations` can list " +
      "these alone; it is deleted at its time as any other.",
    params: ConversationId,
    unknown,
    body: NewImportance,
    answer: ImportanceTaken,
    async handle({ params: { conversation_id }, body: { importance } }) {
      await conversations.setImportance(conversation_id, importance);
      return { conversation_id, importance };
    },
  });
}
