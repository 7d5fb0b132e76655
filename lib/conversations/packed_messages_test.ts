import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "./conversation.ts";
import { joinPacked, packMessages, splitPacked, unpackMessages } from "./packed_messages.ts";

const at = "2026-03-01T10:00:00Z";

Deno.test("messages come back as they were, whole or in parts that fit a value", () => {
  const content = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(fc.constantFrom("a", "\u0001", "\ud800", "é", "😀"), fc.nat(60_000))
      .map(([letter, times]) => letter.repeat(times)),
  );
  const message = fc.record({ role: fc.constantFrom("user", "assistant"), content });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (drawn) => {
      const messages = drawn.map((m) => ({ ...m, at })) as Message[];
      const packed = packMessages(messages);
      assert.deepEqual(unpackMessages(packed), messages);
      const parts = splitPacked(packed);
      assert.deepEqual(unpackMessages(joinPacked(parts)), messages);
      for (const part of parts) assert.ok(part.length <= 60_000, String(part.length));
    }),
    { numRuns: 50 },
  );
});

Deno.test("chunks of earlier releases are read as they are", () => {
  const messages: Message[] = [{ role: "user", content: "a", at }];
  assert.deepEqual(unpackMessages(messages), messages);
});
