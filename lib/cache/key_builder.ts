import { createHash } from "node:crypto";
import { escapeGlob } from "./glob.ts";

/** Keys travel in addresses, so they stay within what the wire allows. */
const MAX_KEY_LENGTH = 200;
const MAX_PART_LENGTH = 64;

export type KeyPart = string | number | boolean;

/**
 * Builds keys of the form `namespace:part:part:…`. Parts are readable where they are short and
 * hashed where they are long; a part can never run into its neighbour. Builders are immutable, so
 * one may be kept as the common start of many keys.
 */
export class CacheKeyBuilder {
  readonly #parts: readonly string[];

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** Starts a key; `namespace` is what statistics and clearing go by. */
  static in(namespace: string): CacheKeyBuilder {
    if (namespace === "") throw new TypeError("a cache namespace needs a name");
    return new CacheKeyBuilder([escapePart(namespace)]);
  }

  /** Adds parts as they are, escaped; those over 64 characters are replaced by their hash. */
  with(...parts: KeyPart[]): CacheKeyBuilder {
    return new CacheKeyBuilder([...this.#parts, ...parts.map((part) => shorten(escapePart(part)))]);
  }

  /** Adds the hash of any JSON-like value; the order of an object's properties does not matter. */
  hash(value: unknown): CacheKeyBuilder {
    return new CacheKeyBuilder([...this.#parts, digest(canonical(value))]);
  }

  /** The key, at most 200 characters. */
  build(): string {
    const key = this.#parts.join(":");
    if (key.length <= MAX_KEY_LENGTH) return key;
    const head = this.#parts[0]!.slice(0, MAX_PART_LENGTH);
    return `${head}:${digest(key)}`;
  }

  /** A pattern for every key that continues this one (not this key itself). */
  pattern(): string {
    return escapeGlob(this.#parts.join(":")) + ":*";
  }
}

/** 128 bits of SHA-256 in 22 characters that need no escaping. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
}

function escapePart(part: KeyPart): string {
  // deno-lint-ignore no-control-regex -- control characters are exactly what has to go
  return String(part).toWellFormed().replace(/[%:\x00-\x1f\x7f]/g, (char) => {
    return "%" + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  });
}

function shorten(part: string): string {
  return part.length <= MAX_PART_LENGTH ? part : digest(part);
}

/** JSON with sorted properties: equal values give equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => {
    if (typeof inner === "bigint") return `${inner}n`;
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1));
  }) ?? "undefined";
}
