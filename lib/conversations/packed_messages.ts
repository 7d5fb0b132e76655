import type { Message } from "./conversation.ts";

/** Characters of a chunk; they are stored in two bytes each where one is outside Latin-1. */
const CHUNK_CHARACTERS = 25_000;
const CONTINUED = "+";

/**
 * Messages in texts that each fit a KV value: JSON of role, content and time in turn, which takes a
 * third of the time and half the bytes of storing objects. A message too long for one is split.
 */
export function packMessages(messages: readonly Message[]): string[] {
  const whole = packChunk(messages);
  if (whole.length <= CHUNK_CHARACTERS) return [whole];
  const chunks: string[] = [];
  let chunk = "";
  for (const piece of messages.flatMap((message) => piecesOf(message, message.content, ""))) {
    if (chunk !== "" && chunk.length + piece.length >= CHUNK_CHARACTERS) {
      chunks.push(`[${chunk}]`);
      chunk = "";
    }
    chunk += chunk === "" ? piece : "," + piece;
  }
  chunks.push(`[${chunk}]`);
  return chunks;
}

/** Messages as one chunk, whatever its length. */
export function packChunk(messages: readonly Message[]): string {
  const fields: string[] = [];
  for (const { role, content, at } of messages) fields.push(role, content, at);
  return JSON.stringify(fields);
}

/** The message as JSON without brackets, in as many parts as it takes. */
function piecesOf({ role, at }: Message, content: string, mark: string): string[] {
  const piece = JSON.stringify([role + mark, content, at]).slice(1, -1);
  if (piece.length < CHUNK_CHARACTERS - 2) return [piece];
  const middle = content.length >> 1;
  const message = { role, at, content };
  return [
    ...piecesOf(message, content.slice(0, middle), mark),
    ...piecesOf(message, content.slice(middle), CONTINUED),
  ];
}

/** Reads a chunk; earlier releases stored the messages themselves. */
export function unpackMessages(chunk: string | readonly Message[]): Message[] {
  if (typeof chunk !== "string") return [...chunk];
  const fields = JSON.parse(chunk) as string[];
  const messages: Message[] = [];
  for (let i = 0; i < fields.length; i += 3) {
    const continued = fields[i]!.endsWith(CONTINUED);
    const role = (continued ? fields[i]!.slice(0, -1) : fields[i]!) as Message["role"];
    const message: Message = { role, content: fields[i + 1]!, at: fields[i + 2]! };
    if (continued) message.continued = true;
    messages.push(message);
  }
  return messages;
}
