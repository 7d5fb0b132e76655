import { AppError } from "../../lib/errors.ts";
import { ImportAnswer } from "../../lib/wire/schemas/conversations.ts";
import { declaredLength, mediaType } from "../middleware/body.ts";
import type { ApiBuilder } from "./operation.ts";

const LINES = ["application/x-ndjson", "application/jsonl", "text/plain"] as const;
const GZIP = "application/gzip";

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

/** The plain lines of an import's body. */
function linesOf(request: Request): ReadableStream<Uint8Array> {
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
  if (!packed) return readable(body, "The body ended before it was complete.");
  // The type of DecompressionStream's input is wider than what it takes.
  const gunzip = new DecompressionStream("gzip") as unknown as TransformStream<
    Uint8Array,
    Uint8Array
  >;
  return readable(body.pipeThrough(gunzip), "The body is not valid gzip, or ended too early.");
}

/** The same bytes; whatever breaks on the way is told as what it is: a malformed body. */
function readable(
  stream: ReadableStream<Uint8Array>,
  complaint: string,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(new AppError("malformed", complaint, { cause: error }));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
