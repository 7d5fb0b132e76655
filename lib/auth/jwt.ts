import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import { AppError } from "../errors.ts";
import { isRole, mayReadContent, type Principal, type Role } from "./principal.ts";

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

export type VerifyJwt = (token: string, now: number) => Promise<Principal | RefusedJwt>;

const KEY_SERVER_TIMEOUT_MS = 3_000;

/**
 * A check of the platform's own tokens. Rejects with `unavailable` when the keys cannot be fetched,
 * since then nobody knows.
 */
export async function jwtVerifier(options: JwtOptions): Promise<VerifyJwt> {
  const key = options.secret === undefined
    ? createRemoteJWKSet(new URL(options.jwksUrl!), {
      timeoutDuration: KEY_SERVER_TIMEOUT_MS,
      [customFetch]: fetchKeys,
    })
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
  return async (token, now) => {
    try {
      const at = { ...rules, currentDate: new Date(now) };
      const { payload } = typeof key === "function"
        ? await jwtVerify(token, key, at)
        : await jwtVerify(token, key, at);
      return principalOf(payload, options);
    } catch (error) {
      if (typeof key === "function" && keysMissing(error)) {
        throw new AppError("unavailable", "The keys that check this token cannot be fetched.", {
          retryAfterSeconds: 5,
          cause: error,
        });
      }
      return { refused: complaintOf(error) };
    }
  };
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

/** An answer that is no success is not read by the library, which would keep its connection. */
const fetchKeys: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status !== 200) await response.body?.cancel();
  return response;
};

/** Whether the key server failed, rather than the token. */
function keysMissing(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return error.code === "ERR_JOSE_GENERIC" || error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid;
}

function principalOf(payload: JWTPayload, options: JwtOptions): Principal | RefusedJwt {
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
    fingerprint: "jwt",
    expiresAt: (payload.exp! + options.clockSkewSeconds) * 1000,
  };
}

function subjectOf(claim: unknown): string | null {
  const text = typeof claim === "number" ? String(claim) : claim;
  if (typeof text !== "string" || text.length === 0 || text.length > 200) return null;
  return /\p{Cc}/u.test(text) || !text.isWellFormed() ? null : text;
}
