import assert from "node:assert/strict";
import fc from "fast-check";
import { type Line, MAX_LINE_BYTES, splitLines } from "./lines.ts";

const encoder = new TextEncoder();

async function split(text: Uint8Array, sizes: number[]): Promise<Line[]> {
  let at = 0;
  let turn = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= text.length) return controller.close();
      const size = sizes.length > 0 ? Math.max(1, sizes[turn++ % sizes.length]!) : text.length;
      controller.enqueue(text.slice(at, at + size));
      at += size;
    },
  });
  return await Array.fromAsync(splitLines(stream));
}

Deno.test("lines come out whole wherever the chunks are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.string({ unit: "grapheme" }).map((s) => s.replace(/[\r\n]/g, ""))),
    fc.array(fc.integer({ min: 1, max: 7 })),
    async (lines, sizes) => {
      const text = lines.map((line) => line + "\n").join("");
      const found = await split(encoder.encode(text), sizes);
      const each = found.flatMap((line) => typeof line === "number" ? Array(line).fill("") : line);
      assert.deepEqual(each, lines);
    },
  ));
});

Deno.test("the last line needs no newline, and carriage returns go", async () => {
  assert.deepEqual(await split(encoder.encode("a\r\nb"), [2]), ["a", "b"]);
});

Deno.test("a line that is too long is named by null, and the next one is fine", async () => {
  const long = new Uint8Array(MAX_LINE_BYTES + 1).fill(97);
  const bytes = new Uint8Array([
    ...encoder.encode("first\n"),
    ...long,
    ...encoder.encode("\nlast\n"),
  ]);
  assert.deepEqual(await split(bytes, [65_536]), ["first", null, "last"]);
});

Deno.test("empty lines are counted by the chunk", async () => {
  const bytes = encoder.encode("\n\n\na\n\nb\n" + "\n".repeat(1_000));
  assert.deepEqual(await split(bytes, []), [3, "a", 1, "b", 1_000]);
});

Deno.test("others get their turn before each chunk, though there is nothing to wait for", async () => {
  let turns = 0;
  let left = 100;
  const bytes = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(encoder.encode("x"));
    },
  });
  const lines = Array.fromAsync(splitLines(bytes)).finally(() => left = -1);
  while (left >= 0) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  assert.deepEqual(await lines, ["x".repeat(100)]);
  assert.ok(turns >= 50, `others had ${turns} turns`);
});
