import { deserialize, serialize } from "node:v8";
import { AppError } from "../errors.ts";

/**
 * Entries of a database as lines of text, the same from a file and from a shared database. A value
 * is what structured clone makes of it, in base64; a counter is its number.
 */
type Part = string | number | boolean | { int: string } | { num: string } | { bytes: string };
interface Line {
  key: Part[];
  value?: string;
  counter?: string;
}

/** One entry as a line, without its end. */
export function entryLine({ key, value }: { key: Deno.KvKey; value: unknown }): string {
  const line: Line = { key: key.map(toPart) };
  if (value instanceof Deno.KvU64) line.counter = value.value.toString();
  else line.value = new Uint8Array(serialize(value)).toBase64();
  return JSON.stringify(line);
}

/** The entry of a line. Throws AppError `invalid` for a line that is none. */
export function entryOf(text: string): { key: Deno.KvKey; value: unknown } {
  try {
    const line = JSON.parse(text) as Line;
    const value = line.counter === undefined
      ? deserialize(Uint8Array.fromBase64(line.value!))
      : new Deno.KvU64(BigInt(line.counter));
    return { key: line.key.map(fromPart), value };
  } catch (error) {
    throw new AppError("invalid", "a line is no entry of a database", { cause: error });
  }
}

function toPart(part: Deno.KvKeyPart): Part {
  if (typeof part === "bigint") return { int: part.toString() };
  if (part instanceof Uint8Array) return { bytes: part.toBase64() };
  // JSON has no word for these.
  if (typeof part === "number" && (!Number.isFinite(part) || Object.is(part, -0))) {
    return { num: Object.is(part, -0) ? "-0" : String(part) };
  }
  return part as string | number | boolean;
}

function fromPart(part: Part): Deno.KvKeyPart {
  if (typeof part !== "object") return part;
  if ("int" in part) return BigInt(part.int);
  if ("num" in part) return Number(part.num);
  return Uint8Array.fromBase64(part.bytes);
}
