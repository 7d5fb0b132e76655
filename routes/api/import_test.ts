import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { AppError } from "../../lib/errors.ts";
import { linesOf } from "./import.ts";

function imported(
  body: BodyInit | Uint8Array,
  type: string,
  { signal, gone = new AbortController().signal }: { signal?: AbortSignal; gone?: AbortSignal } =
    {},
): ReadableStream<Uint8Array> {
  const url = "http://localhost/api/performance/conversations/import";
  return linesOf(
    new Request(url, {
      method: "POST",
      body: body as BodyInit,
      headers: { "content-type": type },
      signal,
    }),
    gone,
  );
}

const malformed = (error: unknown) => error instanceof AppError && error.code === "malformed";

Deno.test("a body that unpacks to a thousand times its size comes in small pieces", async () => {
  const bomb = gzipSync(new Uint8Array(20_000_000));
  assert.ok(bomb.length < 20_000);
  let total = 0;
  let longest = 0;
  for await (const { length } of imported(bomb, "application/gzip")) {
    total += length;
    longest = Math.max(longest, length);
  }
  assert.deepEqual([total, longest], [20_000_000, 65_536]);
});

Deno.test("whatever is no gzip, or ends too early, is malformed, and breaks nothing else", async () => {
  const packed = gzipSync('{"a":1}\n'.repeat(9));
  for (const body of [packed.slice(0, 5), packed.slice(0, 30), packed.slice(0, -1), "no gzip"]) {
    await assert.rejects(Array.fromAsync(imported(body, "application/gzip")), malformed);
  }
});

Deno.test("nothing more is read for a sender who has left", async () => {
  const bodies: [Uint8Array | string, string][] = [
    ["a\n", "text/plain"],
    [gzipSync("a\n"), "application/gzip"],
  ];
  for (const [body, type] of bodies) {
    const lines = imported(body, type, { signal: AbortSignal.abort() });
    await assert.rejects(Array.fromAsync(lines), malformed);
  }
});

Deno.test("a sender who is nobody any more is told so at once, also while it says nothing", async () => {
  const lines = new TextEncoder().encode("a\nb\n");
  for (const type of ["text/plain", "application/gzip"]) {
    for (const silent of [true, false]) {
      const gone = new AbortController();
      let cancelled = false;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(type === "text/plain" ? lines : gzipSync(lines)),
        cancel: () => void (cancelled = true),
      }, { highWaterMark: 0 });
      const reader = imported(body, type, { gone: gone.signal }).getReader();
      assert.equal((await reader.read()).value!.length, 4);
      const next = silent ? reader.read() : null;
      gone.abort();
      await assert.rejects(
        next ?? reader.read(),
        (error) => error instanceof AppError && error.code === "unauthenticated",
      );
      while (!cancelled) await new Promise((resolve) => setImmediate(resolve));
    }
  }
});
