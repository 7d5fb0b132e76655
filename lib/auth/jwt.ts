import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { KeyServer, KeysMissing, RETRY_MS } from "./key_server.ts";
import { isRole, mayReadContent, type Principal, type Role } from "./principal.ts";
import { fingerprintOf } from "./secret.ts";

/** How the platform signs its tokens. */
export interface JwtOptions {
  secret?: string;
  jwksUrl?: string;
  /** The one algorithm that is accepted, whatever a token's header says. */
  algorithm: string;
  issuer?: string;
  audience?: string;
  clockSkewSeconds: number;
  defaultRole: Role;
}

/** A token that does not hold, with what its sender may be told; null: nothing. */
export interface RefusedJwt {
  refused: string | null;
}

/** The check of the platform's own tokens. */
export interface JwtCheck {
  /** Changes with the configuration, which ends all sessions that were begun under another. */
  fingerprint: string;
  /**
   * Whose a token is. Rejects with AppError `unavailable` when the keys cannot be had, since then
   * nobody knows.
   */
  verify(token: string, now: number): Promise<Principal | RefusedJwt>;
}

/** Makes the check; a key server is first asked when a token comes. */
export async function jwtCheck(
  options: JwtOptions,
  around: { clock: Clock; log: Logger },
): Promise<JwtCheck> {
  const key = options.secret === undefined
    ? new KeyServer({ url: options.jwksUrl!, ...around }).find
    : await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(options.secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
  const rules: JWTVerifyOptions = {
    algorithms: [options.algorithm],
    issuer: options.issuer,
    audience: options.audience,
    clockTolerance: options.clockSkewSeconds,
    requiredClaims: ["exp"],
  };
  const { secret, jwksUrl, algorithm, issuer, audience, defaultRole } = options;
  const parts = [secret, jwksUrl, algorithm, issuer, audience, defaultRole];
  const fingerprint = fingerprintOf("jwt", parts);
  const verify = async (token: string, now: number) => {
    try {
      const at = { ...rules, currentDate: new Date(now) };
      const { payload } = typeof key === "function"
        ? await verifiedByOne(token, key, at)
        : await jwtVerify(token, key, at);
      return principalOf(payload, options, fingerprint);
    } catch (error) {
      // What is not jose's own comes from a key that cannot be used.
      if (error instanceof KeysMissing || !(error instanceof errors.JOSEError)) {
        throw new AppError("unavailable", "The keys that check this token cannot be fetched.", {
          retryAfterSeconds: RETRY_MS / 1000,
          cause: error,
        });
      }
      return { refused: complaintOf(error) };
    }
  };
  return { fingerprint, verify };
}

/** A token that names no key may be signed by any that fits, as while keys are being changed. */
async function verifiedByOne(token: string, key: JWTVerifyGetKey, rules: JWTVerifyOptions) {
  try {
    return await jwtVerify(token, key, rules);
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several;
    for await (const one of several) {
      try {
        return await jwtVerify(token, one, rules);
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** The variables that say what a claim has to be. */
const SET_BY: Record<string, string> = { iss: "JWT_ISSUER", aud: "JWT_AUDIENCE" };

/** What is wrong with a token whose signature is right: nobody else is told anything. */
function complaintOf(error: unknown): string | null {
  if (error instanceof errors.JWTExpired) return "This token has expired: get a new one.";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return null;
  const { claim, reason } = error;
  if (reason === "missing") return `This token has no claim ${claim}, which it needs.`;
  if (claim === "nbf") return "This token does not hold yet: compare the clocks.";
  const setBy = SET_BY[claim];
  return `This token's claim ${claim} is not what it has to be${setBy ? ` by ${setBy}` : ""}.`;
}

function principalOf(
  payload: JWTPayload,
  options: JwtOptions,
  fingerprint: string,
): Principal | RefusedJwt {
  const subject = subjectOf(payload.sub) ?? subjectOf(payload["user_id"]);
  if (subject === null) {
    return { refused: "This token needs a claim sub (or user_id) of 1 to 200 characters." };
  }
  const claimed = payload["role"];
  // A role that is not ours, such as the platform's `user`, gives the least.
  const role = claimed === undefined || claimed === null
    ? options.defaultRole
    : isRole(claimed)
    ? claimed
    : "viewer";
  return {
    id: `jwt:${subject}`,
    subject,
    role,
    content: mayReadContent(role, payload["content"] === true),
    source: "jwt",
    fingerprint,
    expiresAt: (payload.exp! + options.clockSkewSeconds) * 1000,
  };
}

function subjectOf(claim: unknown): string | null {
  const text = typeof claim === "number" ? String(claim) : claim;
  if (typeof text !== "string" || text.length === 0 || text.length > 200) return null;
  return /\p{Cc}/u.test(text) || !text.isWellFormed() ? null : text;
}
