import { Buffer } from "node:buffer";
import v8 from "node:v8";
import { isJson } from "../json.ts";

/**
 * How a value is written down: `j` JSON, `t` plain text, `b` bytes, `v` structured clone (Date,
 * Map, Set, BigInt, NaN, typed arrays, cycles), `n` nothing: it is known that there is no value.
 */
export type Codec = "j" | "t" | "b" | "v" | "n";

export interface Payload {
  codec: Codec;
  body: string | Uint8Array;
  /** Length of `body` in UTF-8. */
  bytes: number;
}

/** Twice as fast as a buffer's own decoding. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** That there is nothing, written down. */
export const NOTHING: Payload = { codec: "n", body: "", bytes: 0 };

/** Writes a value down, or null where it cannot be (functions, symbols, `undefined`). */
export function encodeValue(value: unknown): Payload | null {
  if (typeof value === "string" && value.isWellFormed()) return textPayload("t", value);
  if (value instanceof Uint8Array && isPlainBytes(value)) {
    return { codec: "b", body: value.slice(), bytes: value.byteLength };
  }
  if (value === undefined) return null;
  try {
    if (isJson(value)) return textPayload("j", JSON.stringify(value));
    const body = v8.serialize(value);
    return { codec: "v", body, bytes: body.byteLength };
  } catch {
    return null;
  }
}

/**
 * The value again. JSON comes back frozen, unless only one reader gets it; the other codecs give a
 * copy of their own each time.
 */
export function decodeValue(codec: Codec, body: string | Uint8Array, frozen = true): unknown {
  switch (codec) {
    case "t":
      return asText(body);
    case "j":
      return frozen ? deepFreeze(JSON.parse(asText(body))) : JSON.parse(asText(body));
    case "b":
      return new Uint8Array(body as Uint8Array);
    case "n":
      return undefined;
    case "v":
      return v8.deserialize(asBuffer(body as Uint8Array));
  }
}

/** True when one decoded value may be handed to every reader, because nobody can change it. */
export function isShareable(codec: Codec): boolean {
  return codec === "j" || codec === "t" || codec === "n";
}

function textPayload(codec: Codec, body: string): Payload {
  return { codec, body, bytes: Buffer.byteLength(body) };
}

function asText(body: string | Uint8Array): string {
  return typeof body === "string" ? body : UTF8.decode(body);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isPlainBytes(value: Uint8Array): boolean {
  return Object.getPrototypeOf(value) === Uint8Array.prototype || Buffer.isBuffer(value);
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) { for (const inner of value) deepFreeze(inner); }
  else for (const key in value) deepFreeze((value as Record<string, unknown>)[key]);
  return Object.freeze(value);
}
