import assert from "node:assert/strict";
import { serialize } from "node:v8";
import type { TurnRecord } from "./conversation.ts";
import { askedOf, packAsked } from "./turn_text.ts";

const MAX_VALUE_BYTES = 65_536;
/** What stands in a turn's record beside its texts, at its longest. */
const REST: Omit<TurnRecord, "message"> = {
  taskId: "conversations-05-0hokgrrmfc0nvyq0000",
  at: 1_780_000_000_000,
  priority: 5,
  callbackUrl: `https://example.com/${"x".repeat(2_000)}`,
};

function text(length: number, from: number, count: number): string {
  let seed = 1;
  const next = () => seed = (seed * 48_271) % 2_147_483_647;
  return Array.from({ length }, () => String.fromCodePoint(from + next() % count)).join("");
}

Deno.test("the longest message and metadata fit a value, whatever they are written in", () => {
  const messages = {
    latin: "a".repeat(16_000),
    han: text(16_000, 0x4e00, 20_000),
    emoji: "😀".repeat(16_000),
    rareHan: text(16_000, 0x20000, 40_000),
  };
  for (const [name, message] of Object.entries(messages)) {
    for (const metadata of [undefined, { k: text(8_100, 0x4e00, 20_000) }]) {
      const record: TurnRecord = { ...REST, ...packAsked(message, metadata) };
      const bytes = serialize(record).length;
      assert.ok(bytes < MAX_VALUE_BYTES, `${name}: ${bytes}`);
      assert.deepEqual(askedOf(record), { message, ...(metadata && { metadata }) });
    }
  }
});
