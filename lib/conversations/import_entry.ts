import type { ImportLine } from "./import_line.ts";
import type { ImportedEntry } from "./ledger.ts";
import { packMessages } from "./packed_messages.ts";

/** A conversation of an import, ready to be stored. */
export interface ReadyConversation {
  entry: ImportedEntry;
  /** Its messages (packed_messages.ts). */
  packed: string;
  /** About what it takes in a commit, in bytes, taking every character for two. */
  bytes: number;
}

/**
 * What is stored of a line. It is made as soon as the line is read: a text waits for its commit
 * at less cost than a line's objects.
 */
export function readyConversation(line: ImportLine): ReadyConversation {
  const packed = packMessages(line.messages);
  return { entry: toEntry(line), packed, bytes: 2 * packed.length + 500 };
}

function toEntry(line: ImportLine): ImportedEntry {
  let startedAt = Infinity;
  let endedAt = -Infinity;
  let first = "";
  let last = "";
  let userMessages = 0;
  const { length } = line.messages[0]!.at;
  for (const { role, at } of line.messages) {
    const asked = role === "user";
    if (asked) userMessages++;
    // Instants of one form, in UTC, sort as texts.
    if (at.length === length && at.endsWith("Z")) {
      if (asked && (first === "" || at < first)) first = at;
      if (at > last) last = at;
      continue;
    }
    const time = Date.parse(at);
    if (asked) startedAt = Math.min(startedAt, time);
    endedAt = Math.max(endedAt, time);
  }
  if (first !== "") startedAt = Math.min(startedAt, Date.parse(first));
  if (last !== "") endedAt = Math.max(endedAt, Date.parse(last));
  return {
    conversationId: line.conversation_id,
    botId: line.bot_id,
    botName: line.bot_name,
    userId: line.user_id,
    startedAt,
    endedAt,
    status: line.status,
    satisfaction: line.satisfaction_score ?? null,
    messages: line.messages.length,
    userMessages,
  };
}
