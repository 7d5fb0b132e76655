import { Buffer } from "node:buffer";
import zlib from "node:zlib";
import type { Codec, Payload } from "./payload.ts";

/**
 * How an entry lies in Redis. ASCII up to the body, so that it can be read with redis-cli and taken
 * apart by a script without a library:
 *
 *     P1  codec  -|z  expiry bucket(10)  created(13)  fresh until(13)  expires(13)
 *     cost ms(7)  raw bytes(9)  tag bytes(4)  generations(2)
 *     generation(10) × n   tags, one a line   body
 *
 * Instants are milliseconds of the writer's clock; the bucket is in seconds of the server's and is
 * put in, like the generations, by the script that writes the entry.
 */
export const FRAME_MAGIC = "P1";
export const HEAD_LENGTH = 75;
const FIGURES_AT = 14;
export const GENERATION_LENGTH = 10;
const COMPRESS_FROM_BYTES = 4_096;
/** Compression that saves less than this is not worth undoing on every read. */
const MIN_SAVING = 0.1;
const MAX_COST_MS = 9_999_999;
const MAX_TAG_BYTES = 9_999;

const CODECS: Record<number, Codec> = { 0x6a: "j", 0x74: "t", 0x62: "b", 0x76: "v", 0x6e: "n" };
const PLAIN = 0x2d, PACKED = 0x7a;
const NO_TAGS: readonly string[] = Object.freeze([]);
const ZSTD_FAST = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };
/** Node has it since 22.15; before, entries are stored as they are, and compressed ones are misses. */
const CAN_COMPRESS = typeof zlib.zstdCompressSync === "function";

/** What an entry says about itself, beside its value. */
export interface EntryFacts {
  createdAt: number;
  /** Until when the value counts as fresh; it may be kept longer to be served stale. */
  freshUntil: number;
  expiresAt: number;
  /** What computing the value took, in milliseconds. */
  costMs: number;
  tags: readonly string[];
}

export interface Entry extends EntryFacts {
  payload: Payload;
}

/** An entry ready to be sent: the script joins `kind + bucket + rest + generations + tail`. */
export interface OutgoingFrame {
  kind: string;
  rest: string;
  tail: string | Buffer;
  tailBytes: number;
  savedBytes: number;
}

export interface Frame extends EntryFacts {
  codec: Codec;
  compressed: boolean;
  rawBytes: number;
  /** As it is stored; the generations, of the namespace and each tag, follow the head. */
  bytes: Buffer;
  body: Buffer;
}

/** Lays an entry out; null when its tags do not fit. */
export function packFrame(entry: Entry): OutgoingFrame | null {
  const { payload } = entry;
  const tags = entry.tags.length === 0 ? "" : entry.tags.join("\n");
  const tagBytes = tags === "" ? 0 : Buffer.byteLength(tags);
  if (tagBytes > MAX_TAG_BYTES) return null;

  let body: string | Uint8Array = payload.body;
  let savedBytes = 0;
  if (CAN_COMPRESS && payload.bytes >= COMPRESS_FROM_BYTES) {
    const packed = zlib.zstdCompressSync(payload.body, ZSTD_FAST);
    if (packed.length <= payload.bytes * (1 - MIN_SAVING)) {
      savedBytes = payload.bytes - packed.length;
      body = packed;
    }
  }
  const cost = Math.min(MAX_COST_MS, Math.max(0, Math.round(entry.costMs)));
  const freshUntil = instant(entry.freshUntil);
  const expiresAt = entry.expiresAt === entry.freshUntil ? freshUntil : instant(entry.expiresAt);
  return {
    kind: FRAME_MAGIC + payload.codec + (savedBytes > 0 ? "z" : "-"),
    rest: instant(entry.createdAt) + freshUntil + expiresAt + digits(cost, 7) +
      digits(payload.bytes, 9) + digits(tagBytes, 4) +
      digits(entry.tags.length + 1, 2),
    tail: typeof body === "string" ? tags + body : Buffer.concat([Buffer.from(tags), body]),
    tailBytes: tagBytes + payload.bytes - savedBytes,
    savedBytes,
  };
}

/** Takes a stored frame apart; null for anything that is not one of ours in this version. */
export function parseFrame(bytes: Buffer): Frame | null {
  if (bytes.length < HEAD_LENGTH || bytes[0] !== 0x50 || bytes[1] !== 0x31) return null;
  const codec = CODECS[bytes[2]!];
  const packing = bytes[3];
  if (codec === undefined || (packing !== PLAIN && packing !== PACKED)) return null;
  const createdAt = figure(bytes, FIGURES_AT, 13), freshUntil = figure(bytes, FIGURES_AT + 13, 13);
  const expiresAt = figure(bytes, FIGURES_AT + 26, 13), costMs = figure(bytes, FIGURES_AT + 39, 7);
  const rawBytes = figure(bytes, FIGURES_AT + 46, 9), tagBytes = figure(bytes, FIGURES_AT + 55, 4);
  const generationCount = figure(bytes, FIGURES_AT + 59, 2);
  const sum = createdAt + freshUntil + expiresAt + costMs + rawBytes + tagBytes + generationCount;
  if (Number.isNaN(sum)) return null;
  const tagsAt = HEAD_LENGTH + generationCount * GENERATION_LENGTH;
  const bodyAt = tagsAt + tagBytes;
  const compressed = packing === PACKED;
  if (bytes.length < bodyAt || (!compressed && bytes.length - bodyAt !== rawBytes)) return null;
  const tags = tagBytes === 0 ? NO_TAGS : bytes.toString("utf8", tagsAt, bodyAt).split("\n");
  if (generationCount !== tags.length + 1) return null;
  return {
    codec,
    compressed,
    rawBytes,
    bytes,
    body: bytes.subarray(bodyAt),
    createdAt,
    freshUntil,
    expiresAt,
    costMs,
    tags,
  };
}

/** A whole number of so many digits; NaN where something else stands there. */
function figure(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether a generation that the frame carries (0 = the namespace's) is the current one. */
export function isCurrent(frame: Frame, index: number, current: Buffer | null): boolean {
  if (current === null || current.length !== GENERATION_LENGTH) return false;
  const at = HEAD_LENGTH + index * GENERATION_LENGTH;
  for (let i = 0; i < GENERATION_LENGTH; i++) {
    if (frame.bytes[at + i] !== current[i]) return false;
  }
  return true;
}

/**
 * The frame's value as it was before compression, unpacked to at most `maxBytes`; throws on anything
 * damaged or oversized.
 */
export function frameBody(frame: Frame, maxBytes: number): Buffer {
  if (frame.rawBytes > maxBytes) throw new RangeError("the entry is larger than entries may be");
  if (!frame.compressed) return frame.body;
  const body = zlib.zstdDecompressSync(frame.body, { maxOutputLength: frame.rawBytes || 1 });
  if (body.length !== frame.rawBytes) throw new RangeError("the entry is not as long as it says");
  return body;
}

/** Milliseconds as 13 digits, which last until the year 2286. */
function instant(ms: number): string {
  return digits(Math.max(0, Math.floor(ms)), 13);
}

/** A whole number with leading zeros. */
export function digits(value: number, length: number): string {
  const text = String(value);
  return text.length === length ? text : text.padStart(length, "0");
}
