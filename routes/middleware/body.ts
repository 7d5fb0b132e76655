import { AppError } from "../../lib/errors.ts";
import type { Deadlines } from "./deadlines.ts";
import { Refusal } from "./problem.ts";

export interface BodyLimits {
  /** 0: no limit. */
  bytes: number;
  /** Longest time the whole body may take; 0: no limit. */
  timeoutMs: number;
  /** Where bodies that are on their way are watched. */
  deadlines: Deadlines;
}

/** What a body is refused with that takes too long. */
export function slowBody(): Refusal {
  return new Refusal("slow_body", "The body took too long to arrive.", { connection: "close" });
}

const JSON_TYPE = /^application\/(?:[\w.+-]{1,100}\+)?json$/;
const MAX_DEPTH = 64;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The media type of a request, in lower case and without its parameters. */
export function mediaType(request: Request): string {
  const header = request.headers.get("content-type");
  if (header === null) return "";
  const end = header.indexOf(";");
  return (end === -1 ? header : header.slice(0, end)).trim().toLowerCase();
}

/**
 * The JSON of a body, undefined when the body is empty. Refuses in the contract's order: 415 for
 * another media type or one that is packed, 413 for one that is too long, 400 for what is no JSON.
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const declared = declaredLength(request);
  // Whoever asks for the stream has it made, so it is asked for only where no length is known.
  if (declared === 0 || (declared === null && request.body === null)) return undefined;
  if (!JSON_TYPE.test(mediaType(request))) {
    // An empty body of unknown length counts as absent, whatever it calls itself.
    if (declared === null && await isEmpty(request.body!)) return undefined;
    throw new AppError(
      "unsupported_media_type",
      "The body must be JSON: send Content-Type: application/json.",
    );
  }
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() || "identity";
  if (encoding !== "identity") {
    throw new AppError(
      "unsupported_media_type",
      "The body must be plain JSON: send it without Content-Encoding.",
    );
  }
  refuseLong(declared, limits);
  const bytes = declared === null
    ? await read(request, limits)
    : await within(limits, request.bytes());
  return bytes.length === 0 ? undefined : parse(bytes);
}

/** Refuses a body by its declared length alone, where the body is not read. */
export function refuseLongBody(request: Request, limits: BodyLimits): void {
  refuseLong(declaredLength(request), limits);
}

async function isEmpty(body: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done) return true;
    if (value!.length === 0) continue;
    reader.cancel().catch(() => {});
    return false;
  }
}

function refuseLong(declared: number | null, { bytes }: BodyLimits): void {
  if (bytes > 0 && declared !== null && declared > bytes) throw tooLarge(bytes);
}

/** The length that a request says its body has; null when it does not say. */
export function declaredLength(request: Request): number | null {
  const header = request.headers.get("content-length");
  return header === null ? null : Number(header);
}

/** A body whose length nobody declared, counted while it comes. */
async function read(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const { bytes: limit } = limits;
  const reader = request.body!.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  const whole = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return await new Blob(parts as BlobPart[]).bytes();
      length += value.length;
      if (limit > 0 && length > limit) throw tooLarge(limit);
      parts.push(value);
    }
  };
  try {
    return await within(limits, whole());
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
}

/** The body, if it comes in time; 0 waits for ever. A body that breaks off is malformed. */
async function within(
  { timeoutMs, deadlines }: BodyLimits,
  body: Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    return await (timeoutMs === 0 ? body : deadlines.race(body, timeoutMs));
  } catch (error) {
    if (error instanceof AppError || error instanceof Refusal) throw error;
    throw new AppError("malformed", "The body ended before it was complete.", { cause: error });
  }
}
function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw new AppError("malformed", "The body is not valid UTF-8.");
  }
  if (text.trim() === "") return undefined;
  if (text.length > 2 * MAX_DEPTH && deeperThan(text, MAX_DEPTH)) {
    throw new AppError("malformed", `The body is nested deeper than ${MAX_DEPTH} levels.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw new AppError(
      "malformed",
      `The body is not valid JSON${at === undefined ? "" : `, at character ${at}`}.`,
    );
  }
}

/** Whether brackets nest too deep; parsing and copying such values could exhaust the stack. */
function deeperThan(text: string, max: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      for (i++; i < text.length && text.charCodeAt(i) !== 34; i++) {
        if (text.charCodeAt(i) === 92) i++;
      }
    } else if (code === 123 || code === 91) {
      if (++depth > max) return true;
    } else if (code === 125 || code === 93) depth--;
  }
  return false;
}

function tooLarge(bytes: number): AppError {
  return new AppError("too_large", `The body is longer than ${bytes} bytes.`);
}
