import { pipeline, Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { createGunzip } from "node:zlib";
import { AppError } from "../../lib/errors.ts";
import { ImportAnswer } from "../../lib/wire/schemas/conversations.ts";
import { declaredLength, mediaType } from "../middleware/body.ts";
import type { ApiBuilder } from "./operation.ts";
import { watchSomebody } from "./still_somebody.ts";

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
      "it is committed; conversations that are already here are skipped. Ends with 401 when its " +
      "token is revoked meanwhile; what was imported stays.",
    streams: [...LINES, GZIP],
    statuses: [503],
    answer: ImportAnswer,
    async handle(call) {
      const gone = new AbortController();
      const lines = linesOf(call.request, gone.signal);
      api.deps.admit(0);
      const unwatch = watchSomebody(api, call, () => gone.abort());
      try {
        const { imported, skipped, rejected, rejectedCount } = await api.deps.conversations
          .importStream(lines);
        return { imported, skipped, rejected, rejected_count: rejectedCount };
      } finally {
        unwatch();
      }
    },
  });
}

/**
 * The plain bytes of an import's body, in pieces of 64 KiB at most where it is packed; AppError
 * `unauthenticated` instead of further ones once its sender is `gone`.
 */
export function linesOf(request: Request, gone: AbortSignal): ReadableStream<Uint8Array> {
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
  const ends = { left: request.signal, gone };
  if (!packed) {
    const reader = body.getReader();
    const end = () => void reader.cancel().catch(() => {});
    const source = { next: () => reader.read(), end };
    return readable(source, "The body ended before it was complete.", ends);
  }
  const plain = createGunzip({ chunkSize: GUNZIP_BYTES });
  const packedBytes = Readable.fromWeb(body as NodeStream);
  // What breaks is told where it is read. Deno's Gunzip may break a second time, when nobody reads
  // it any more, and an error without a listener ends the process.
  for (const stream of [packedBytes, plain]) stream.on("error", () => {});
  pipeline(packedBytes, plain, () => {});
  const chunks = plain[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const source = { next: () => chunks.next(), end: () => void plain.destroy() };
  return readable(source, "The body is not valid gzip, or ended too early.", ends);
}

/** Where bytes come from. `end` takes no more of them, also while some are waited for. */
interface Source {
  next(): Promise<{ done?: boolean; value?: Uint8Array }>;
  end(): void;
}

/**
 * The same bytes, until their sender has left or is nobody any more; whatever else breaks on the
 * way is told as what it is: a malformed body.
 */
function readable(
  source: Source,
  complaint: string,
  { left, gone }: { left: AbortSignal; gone: AbortSignal },
): ReadableStream<Uint8Array> {
  let stop = () => {};
  const end = () => {
    gone.removeEventListener("abort", stop);
    source.end();
  };
  return new ReadableStream({
    start(controller) {
      stop = () => {
        end();
        controller.error(
          new AppError("unauthenticated", "The token ended meanwhile; send it again with another."),
        );
      };
      gone.addEventListener("abort", stop);
      if (gone.aborted) stop();
    },
    async pull(controller) {
      try {
        left.throwIfAborted();
        const { done, value } = await source.next();
        if (gone.aborted) return;
        if (done) {
          end();
          controller.close();
        } else controller.enqueue(value!);
      } catch (error) {
        end();
        controller.error(new AppError("malformed", complaint, { cause: error }));
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}
