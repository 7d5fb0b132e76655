import { Buffer } from "node:buffer";
import { hash, randomBytes, timingSafeEqual } from "node:crypto";

/** A new secret with 256 bits of chance, in letters that survive URLs and shells. */
export function newSecret(prefix = ""): string {
  return prefix + randomBytes(32).toString("base64url");
}

/**
 * The SHA-256 of a secret, in hex. Secrets are stored, looked up and compared by it alone, so the
 * time of a lookup tells nothing about the secret.
 */
export function secretHash(secret: string): string {
  return hash("sha256", secret, "hex");
}

/**
 * What changes with these parts of a configuration, some of them secret: 16 hex digits. `kind` keeps
 * those of different things apart.
 */
export function fingerprintOf(kind: string, parts: readonly unknown[]): string {
  return secretHash(`${kind}:${JSON.stringify(parts)}`).slice(0, 16);
}

/** Compares two hashes of the same length in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/**
 * A secret for a page, written differently each time: what is compressed together with text that
 * somebody else chose would otherwise give it away by its length (BREACH, Gluck, Harris and Prado,
 * Black Hat 2013). Half of it is chance, the other the secret added to that.
 */
export function masked(secret: string): string {
  const bytes = Buffer.from(secret);
  const chance = randomBytes(bytes.length);
  return Buffer.concat([chance, added(bytes, chance)]).toString("base64url");
}

/** Whether this is the secret itself or a masked form of it, compared in constant time. */
export function isSecret(secret: string, given: string): boolean {
  if (sameHash(secret, given)) return true;
  const bytes = Buffer.from(given, "base64url");
  const half = bytes.length / 2;
  if (half !== Buffer.byteLength(secret)) return false;
  return sameHash(secret, added(bytes.subarray(half), bytes.subarray(0, half)).toString("latin1"));
}

const added = (a: Uint8Array, b: Uint8Array): Buffer =>
  Buffer.from(a.map((byte, i) => byte ^ b[i]!));
