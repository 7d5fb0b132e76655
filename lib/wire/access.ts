/** Tokens, sessions and the audit log as the API answers them; types only. */
import type * as schema from "./schemas/tokens.ts";
import type { z } from "@hono/zod-openapi";

export type Token = schema.Token;
export type NewToken = z.input<typeof schema.NewToken>;
/** POST /tokens and POST /tokens/{token_id}/rotate: with the secret, this once. */
export type TokenMade = Pick<z.infer<typeof schema.TokenMade>, "token" | "token_info">;
export type OpenSession = z.infer<typeof schema.Session>;
export type AuditEntry = z.infer<typeof schema.AuditEntry>;
