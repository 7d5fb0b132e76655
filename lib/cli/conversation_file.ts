import { z } from "zod";
import { CliError } from "./context.ts";

/** What replay needs of one line of a conversation file: who said what to whom, in order. */
export interface RecordedConversation {
  conversationId: string;
  userId: string;
  botId: string;
  /** The user's messages that hold any text. */
  turns: string[];
}

/** A line that is no conversation. */
export interface BadLine {
  line: number;
  message: string;
}

const MAX_LINE_CHARACTERS = 1024 * 1024;
/**
 * Bytes that are read and sent at once. A body that comes in pieces of 64 KiB, or another power of
 * two, keeps Deno's server busy whenever it waits before it reads on.
 */
const PIECE_BYTES = 60_000;

const recorded = z.object({
  conversation_id: z.string().min(1),
  user_id: z.string().min(1),
  bot_id: z.string().min(1),
  messages: z.array(z.object({ role: z.enum(["user", "assistant"]), content: z.string() })),
});

/** An opened conversation file. */
export interface OpenedFile {
  bytes: number;
  gzipped: boolean;
  /** The file's bytes as they are; `onBytes` is told how many were read so far. */
  stream(onBytes?: (read: number) => void): ReadableStream<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** Opens a file in the import format, plain or gzipped, which its first two bytes tell. */
export async function openConversationFile(path: string): Promise<OpenedFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw new CliError(`cannot open ${path}: ${(error as Error).message}`, 1, { cause: error });
  }
  const magic = new Uint8Array(2);
  const { size, isFile } = await file.stat();
  if (!isFile) {
    file.close();
    throw new CliError(`${path} is no file`);
  }
  await file.read(magic);
  await file.seek(0, Deno.SeekMode.Start);
  let streaming = false;
  return {
    bytes: size,
    gzipped: magic[0] === 0x1f && magic[1] === 0x8b,
    stream(onBytes) {
      streaming = true;
      let read = 0;
      return new ReadableStream({
        async pull(controller) {
          const piece = new Uint8Array(PIECE_BYTES);
          const length = await file.read(piece);
          if (length === null) {
            file.close();
            return controller.close();
          }
          read += length;
          onBytes?.(read);
          controller.enqueue(piece.subarray(0, length));
        },
        cancel: () => file.close(),
      }, { highWaterMark: 0 });
    },
    close() {
      if (!streaming) file.close();
    },
  };
}

/** The conversations of a file, one line at a time; lines that are none go to `onBadLine`. */
export async function* readConversations(
  file: OpenedFile,
  onBytes: (read: number) => void,
  onBadLine: (bad: BadLine) => void,
): AsyncGenerator<RecordedConversation> {
  const bytes = file.stream(onBytes);
  const plain = file.gzipped ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes;
  let line = 0;
  for await (const text of linesOf(plain)) {
    line++;
    if (text.trim() === "") continue;
    const conversation = text.length > MAX_LINE_CHARACTERS ? "is too long" : parseLine(text);
    if (typeof conversation === "string") onBadLine({ line, message: conversation });
    else yield conversation;
  }
}

function parseLine(text: string): RecordedConversation | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "is no JSON";
  }
  const parsed = recorded.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return `${issue.path.join(".") || "line"}: ${issue.message}`;
  }
  const { conversation_id, user_id, bot_id, messages } = parsed.data;
  const said = messages.filter(({ role, content }) => role === "user" && content.trim() !== "");
  return {
    conversationId: conversation_id,
    userId: user_id,
    botId: bot_id,
    turns: said.map(({ content }) => content),
  };
}

/** Lines of a text; what exceeds the longest allowed line is dropped while it is read. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!.slice(0, MAX_LINE_CHARACTERS + 1);
    yield* lines;
  }
  if (rest !== "") yield rest;
}
