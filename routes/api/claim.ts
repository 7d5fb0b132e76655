import { hash } from "node:crypto";
import type { Principal } from "../../lib/auth/principal.ts";
import { AppError } from "../../lib/errors.ts";
import { IdempotencyClaim } from "../../lib/kv/idempotency.ts";
import type { ApiDeps } from "../deps.ts";

export const MAX_KEY = 255;

/** The claim of a request's `Idempotency-Key`; `asked` is all that it asks for. */
export function claimOf(
  { db, clock }: Pick<ApiDeps, "db" | "clock">,
  request: Request,
  principal: Principal,
  route: string,
  asked: unknown,
): IdempotencyClaim | undefined {
  const key = request.headers.get("idempotency-key");
  if (key === null) return undefined;
  if (key === "" || key.length > MAX_KEY) {
    const message = `must have 1 to ${MAX_KEY} characters`;
    throw new AppError("invalid", `The header Idempotency-Key ${message}.`, {
      issues: [{ path: "Idempotency-Key", message }],
    });
  }
  const digest = (value: unknown) => hash("sha256", JSON.stringify(value), "base64url");
  return new IdempotencyClaim(db, clock, digest([principal.id, key]), digest([route, asked]));
}
