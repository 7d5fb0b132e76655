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
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:30:00+01:00",
    "1970-01-01T00:00:00Z",
    "3000-01-01T00:00:00Z",
    "",
  ),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((d) =>
    d.toISOString()
  ),
);
const anything = fc.oneof(
  fc.string(),
  fc.constantFrom(null, 0, [], {}, "\u0007", "x".repeat(201), "é", "\ud800", " "),
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

const lineOf = (fields: object, message: object = {}) =>
  JSON.stringify({
    conversation_id: "c",
    user_id: "u",
    bot_id: "b",
    status: "completed",
    messages: [{ role: "user", content: "hi", at: "2026-03-02T10:00:00Z", ...message }],
    ...fields,
  });
const taken = (text: string) => {
  const parsed = parseLine(text);
  assert.ok(typeof parsed !== "string", String(parsed));
  return parsed;
};

Deno.test("a broken surrogate is refused in an id and replaced in a text, as in a live turn", () => {
  for (const field of ["conversation_id", "user_id", "bot_id"]) {
    assert.equal(
      parseLine(lineOf({ [field]: "a\ud800" })),
      `${field}: must not have half a surrogate pair`,
    );
  }
  assert.equal(taken(lineOf({}, { content: "a\ud800b" })).messages[0]!.content, "a\ufffdb");
  assert.equal(taken(lineOf({ conversation_id: "🙂" })).conversation_id, "🙂");
});

Deno.test("an instant is one that reports can show, and is kept in UTC", () => {
  const at = (at: string) => parseLine(lineOf({}, { at }));
  for (const odd of ["0001-01-01T00:00:00Z", "1970-01-01T00:30:00+01:00", "9999-12-31T23:59:59Z"]) {
    assert.equal(at(odd), "messages.0.at: must lie between 1970-01-01 and 2999-12-31");
  }
  assert.match(at("2026-03-02 10:00:00") as string, /must be an instant such as/);
  const told = (text: string) => taken(lineOf({}, { at: text })).messages[0]!.at;
  assert.equal(told("2026-03-02T10:00:00+05:45"), "2026-03-02T04:15:00.000Z");
  assert.equal(told("2026-03-02T10:00:00.5Z"), "2026-03-02T10:00:00.5Z");
});

Deno.test("a blank name is no name", () => {
  for (const blank of ["", "  "]) {
    assert.equal(taken(lineOf({ bot_name: blank })).bot_name, undefined);
  }
  assert.equal(taken(lineOf({ bot_name: " Shop " })).bot_name, "Shop");
});
