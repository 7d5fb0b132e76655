import assert from "node:assert/strict";
import { openConversationFile } from "./conversation_file.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };

async function withFile(bytes: Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a file is streamed whole, in pieces that are no power of two", sanitize, async () => {
  const bytes = new Uint8Array(200_001).map((_, i) => i % 251);
  await withFile(bytes, async (path) => {
    const file = await openConversationFile(path);
    const told: number[] = [];
    const pieces = await Array.fromAsync(file.stream((read) => told.push(read)));
    assert.deepEqual(new Uint8Array(await new Blob(pieces).arrayBuffer()), bytes);
    assert.equal(told.at(-1), bytes.length);
    for (const { length } of pieces) assert.notEqual(Math.log2(length) % 1, 0);
    file.close();
  });
});

Deno.test("a file whose reader leaves is closed", sanitize, async () => {
  await withFile(new Uint8Array(200_000), async (path) => {
    const file = await openConversationFile(path);
    const reader = file.stream().getReader();
    await reader.read();
    await reader.cancel();
  });
});
