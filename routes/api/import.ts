import { pipeline, Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { createGunzip } from "node:zlib";
import { AppError } from "../../lib/errors.ts";
import { ImportAnswer } from "../../lib/wire/schemas/conversations.ts";
import { declaredLength, mediaType } from "../middleware/body.ts";
import type { ApiBuilder } from "./operation.ts";

const LINES = ["application/x-ndjson", "application/jsonl", "text/plain"] as const;
const GZIP = "application/gzip";
/** As much as is unpacked at once: a kilobyte of gzip can stand for a megabyte. */
const GUNZIP_BYTES = 65_536;

/** Import of finished conversations, one a line, streamed. */
export function addImport(api: ApiBuilder): void {
  api.add({
    route: "POST /conversations/import",
    tag: "Conversations",
    summary: "Import finished conversations, one a line",
    description: "Plain or gzip, by Content-Encoding or as application/gzip. Answers when all of " +
      "it is committed; conversations that are already here are skipped.",
    streams: [...LINES, GZIP],
    statuses: [503],
    answer: ImportAnswer,
    async handle({ request }) {
      const lines = linesOf(request);
      api.deps.admit(0);
      const { imported, skipped, rejected, rejectedCount } = await api.deps.conversations
        .importStream(lines);
      return { imported, skipped, rejected, rejected_count: rejectedCount };
    },
  });
}

/** The plain bytes of an import's body, in pieces of 64 KiB at most where it is packed. */
export function linesOf(request: Request): ReadableStream<Uint8Array> {
  const body = request.body;
  // An empty body counts as absent, whatever it calls itself.
  if (body === null || declaredLength(request) === 0) return new Blob([]).stream();
  const type = mediaType(request);
  const isLines = LINES.includes(type as never);
  if (!isLines && type !== GZIP) {
    throw new AppError(
      "unsupported_media_type",
      `An import is ${LINES.join(", ")} or ${GZIP}.`,
    );
  }
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "x-gzip") {
    throw new AppError("unsupported_media_type", "The only Content-Encoding here is gzip.");
  }
  const packed = type === GZIP || encoding !== "identity";
  const { signal } = request;
  if (!packed) return readable(body.values(), "The body ended before it was complete.", signal);
  const plain = createGunzip({ chunkSize: GUNZIP_BYTES });
  const packedBytes = Readable.fromWeb(body as NodeStream);
  // What breaks is told where it is read. Deno's Gunzip may break a second time, when nobody reads
  // it any more, and an error without a listener ends the process.
  for (const stream of [packedBytes, plain]) stream.on("error", () => {});
  pipeline(packedBytes, plain, () => {});
  const chunks = plain[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return readable(chunks, "The body is not valid gzip, or ended too early.", signal);
}

/**
 * The same bytes, until their sender has left; whatever breaks on the way is told as what it is: a
 * malformed body.
 */
function readable(
  chunks: AsyncIterator<Uint8Array>,
  complaint: string,
  left: AbortSignal,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        left.throwIfAborted();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        await chunks.return?.();
        controller.error(new AppError("malformed", complaint, { cause: error }));
      }
    },
    cancel: async () => void await chunks.return?.(),
  }, { highWaterMark: 0 });
}
