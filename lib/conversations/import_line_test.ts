import assert from "node:assert/strict";
import fc from "fast-check";
import { importLineSchema, parseLine } from "./import_line.ts";

const instant = fc.oneof(
  fc.constantFrom(
    "2025-02-29T10:00:00Z",
    "2024-02-29T10:00:00Z",
    "2025-03-03T10:00Z",
    "2025-03-03T10:00:00+02:00",
    "2025-03-03T24:00:00Z",
    "2025-03-03T10:00:00",
    "2025-13-03T10:00:00Z",
    "2025-03-00T10:00:00Z",
    "2025-03-03T10:00:00.123456789Z",
    "0000-01-01T00:00:00Z",
    "",
  ),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((d) =>
    d.toISOString()
  ),
);
const anything = fc.oneof(
  fc.string(),
  fc.constantFrom(null, 0, [], {}, "\u0007", "x".repeat(201), "é"),
);
const id = fc.oneof({ weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) }, anything);
const message = fc.record({
  role: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("user", "assistant") }, anything),
  content: fc.oneof({ weight: 9, arbitrary: fc.string() }, anything),
  at: fc.oneof({ weight: 9, arbitrary: instant }, anything),
  extra: fc.anything(),
}, { requiredKeys: ["role", "content", "at"] });
const line = fc.record({
  conversation_id: id,
  user_id: id,
  bot_id: id,
  bot_name: id,
  status: fc.oneof({ weight: 8, arbitrary: fc.constantFrom("completed", "failed") }, anything),
  satisfaction_score: fc.constantFrom(1, 5, 3.7, 0, 6, null, "4"),
  messages: fc.oneof({ weight: 8, arbitrary: fc.array(message, { maxLength: 4 }) }, anything),
}, { requiredKeys: ["conversation_id", "user_id", "bot_id", "status", "messages"] });

Deno.test("a line is taken and refused exactly as its schema says, plain or not", () => {
  fc.assert(
    fc.property(line, (value) => {
      const text = JSON.stringify(value);
      const expected = importLineSchema.safeParse(JSON.parse(text));
      const parsed = parseLine(text);
      assert.equal(typeof parsed !== "string", expected.success);
      if (!expected.success || typeof parsed === "string") return;
      const { messages, ...rest } = expected.data;
      assert.deepEqual(parsed.messages, messages);
      for (const [key, value] of Object.entries(rest)) {
        assert.deepEqual(parsed[key as keyof typeof parsed], value);
      }
    }),
    { numRuns: 3_000 },
  );
});
