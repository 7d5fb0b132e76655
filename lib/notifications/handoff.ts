import type { WriteSet } from "../kv/write_set.ts";
import type { Notifier } from "./notifier.ts";
import { renderLetter } from "./template.ts";

/** A user who wants to talk to a person. */
export interface Handoff {
  conversationId: string;
  botId: string;
  /** What the user or the bot said of it. */
  reason?: string;
  importance: "low" | "normal" | "high";
  /** Milliseconds UTC. */
  at: number;
}

/**
 * Adds to an atomic what tells people that a user wants one of them: an e-mail to each, and a webhook.
 * No text of the conversation leaves with it.
 */
export function prepareHandoff(
  tx: WriteSet,
  { conversationId, botId, reason, importance, at }: Handoff,
  notifier: Pick<Notifier, "prepare">,
  emails: readonly string[],
): void {
  const type = "conversation.handoff";
  const subject = `A user of ${botId} wants to talk to a person`;
  const data = {
    conversation_id: conversationId,
    bot_id: botId,
    at: new Date(at).toISOString(),
    importance,
    ...(reason ? { reason } : {}),
  };
  const email = renderLetter({
    subject,
    lead: `${subject}.`,
    rows: [
      ["Conversation", conversationId],
      ...(importance === "normal" ? [] : [["Importance", importance] as const]),
      ...(reason ? [["Reason", reason] as const] : []),
    ],
    reason: "You get this because ALERT_EMAIL names you.",
  });
  const common = { type, subject, conversationId };
  for (const to of emails) {
    notifier.prepare(tx, { ...common, content: { channel: "email", email }, to });
  }
  notifier.prepare(tx, { ...common, content: { channel: "webhook", data } });
}
