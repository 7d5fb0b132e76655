/** A line longer than this is given as null, so that it can be named without being kept. */
export const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 10;
const decoder = new TextDecoder();

/** A line's text, null for one above 1 MiB, or a number: so many empty lines. */
export type Line = string | null | number;

/**
 * Splits bytes into lines of text, never holding more than one line and one chunk. Empty lines are
 * only counted: kilobytes of gzip make hundreds of millions of them. A last line without a newline
 * counts; a carriage return before one does not.
 */
export async function* splitLines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (): string | null => {
    const line = size > MAX_LINE_BYTES ? null : textOf(parts, size);
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of bytes) {
    // What is unpacked comes without waiting for anything: others get their turn here.
    await new Promise((resolve) => setImmediate(resolve));
    let start = 0;
    for (;;) {
      if (size === 0) {
        const empty = newlinesAt(chunk, start);
        if (empty > 0) yield empty;
        start += empty;
      }
      const end = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      size += part.length;
      if (size <= MAX_LINE_BYTES) parts.push(part);
      if (end < 0) break;
      yield take();
      start = end + 1;
    }
  }
  if (size > 0) yield take();
}

function newlinesAt(chunk: Uint8Array, start: number): number {
  let end = start;
  while (chunk[end] === NEWLINE) end++;
  return end - start;
}

function textOf(parts: Uint8Array[], size: number): string {
  let bytes = parts[0] ?? new Uint8Array();
  if (parts.length > 1) {
    bytes = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }
  const text = decoder.decode(bytes);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
