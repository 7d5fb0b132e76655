import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "./conversation.ts";
import { packMessages, unpackMessages } from "./packed_messages.ts";

const at = "2026-03-01T10:00:00Z";

function joined(chunks: string[]): Message[] {
  const messages: Message[] = [];
  for (const { continued, ...message } of chunks.flatMap(unpackMessages)) {
    if (continued) messages.at(-1)!.content += message.content;
    else messages.push(message);
  }
  return messages;
}

Deno.test("messages come back as they were, in chunks that fit a value", () => {
  const content = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(fc.constantFrom("a", "\u0001", "\ud800", "é", "😀"), fc.nat(60_000))
      .map(([letter, times]) => letter.repeat(times)),
  );
  const message = fc.record({ role: fc.constantFrom("user", "assistant"), content });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (drawn) => {
      const messages = drawn.map((m) => ({ ...m, at })) as Message[];
      const chunks = packMessages(messages);
      assert.deepEqual(joined(chunks), messages);
      for (const chunk of chunks) assert.ok(chunk.length * 2 < 60_000, String(chunk.length));
    }),
    { numRuns: 50 },
  );
});

Deno.test("chunks of earlier releases are read as they are", () => {
  const messages: Message[] = [{ role: "user", content: "a", at }];
  assert.deepEqual(unpackMessages(messages), messages);
});
