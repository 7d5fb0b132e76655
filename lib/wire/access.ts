/** Tokens, sessions and the audit log as the API answers them; types only. */
import type * as schema from "./schemas/tokens.ts";
import type { z } from "@hono/zod-openapi";

export type Token = schema.Token;
export type OpenSession = z.infer<typeof schema.Session>;
export type AuditEntry = z.infer<typeof schema.AuditEntry>;
