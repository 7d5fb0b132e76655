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

/** Compares two hashes of the same length in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
