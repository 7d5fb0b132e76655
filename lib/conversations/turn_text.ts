import type { TurnRecord } from "./conversation.ts";
import { packText, unpackText } from "./packed_messages.ts";

/** UTF-16 code units that a value has room for beside the longest metadata. */
const PLAIN_UNITS = 16_000;

/** What a user asked, and what its sender gave along. */
export interface Asked {
  message: string;
  metadata?: Record<string, unknown>;
}

/**
 * The part of a turn's record that says what was asked. A message of emoji takes 4 bytes for each,
 * so that one of 16,000 and metadata are more than a value holds: where it may be, both are
 * compressed.
 */
export function packAsked(
  message: string,
  metadata?: Record<string, unknown>,
): Pick<TurnRecord, "message" | "metadata" | "packed"> {
  const asked: Asked = { message, ...(metadata && { metadata }) };
  if (message.length <= PLAIN_UNITS) return asked;
  return { message: "", packed: packText(JSON.stringify(asked)) };
}

/** What was asked in a turn. */
export function askedOf({ message, metadata, packed }: TurnRecord): Asked {
  if (!packed) return { message, ...(metadata && { metadata }) };
  return JSON.parse(unpackText(packed));
}
