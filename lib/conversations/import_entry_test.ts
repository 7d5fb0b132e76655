import assert from "node:assert/strict";
import fc from "fast-check";
import { readyConversation } from "./import_entry.ts";
import { unpackMessages } from "./packed_messages.ts";

const instant = fc.tuple(
  fc.integer({ min: 0, max: 2_000_000_000 }),
  fc.constantFrom("Z", ".5Z", ".250Z", "+02:00", "-11:30"),
).map(([seconds, end]) => new Date(seconds * 1000).toISOString().slice(0, 19) + end);
const message = fc.record({
  role: fc.constantFrom("user" as const, "assistant" as const),
  content: fc.string(),
  at: instant,
}, { noNullPrototype: true });

Deno.test("a conversation begins with its first message of the user, in whatever form and order", () => {
  fc.assert(fc.property(
    fc.array(message, { minLength: 1 }).filter((all) => all.some((m) => m.role === "user")),
    (messages) => {
      const ready = readyConversation({
        conversation_id: "c",
        user_id: "u",
        bot_id: "b",
        status: "completed",
        messages,
      });
      const asked = messages.filter(({ role }) => role === "user");
      const times = (of: typeof messages) => of.map(({ at }) => Date.parse(at));
      assert.equal(ready.entry.startedAt, Math.min(...times(asked)));
      assert.equal(ready.entry.endedAt, Math.max(...times(messages)));
      assert.equal(ready.entry.userMessages, asked.length);
      assert.equal(ready.entry.messages, messages.length);
      assert.deepEqual(unpackMessages(ready.packed), messages);
    },
  ));
});
