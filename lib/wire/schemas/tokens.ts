import { z } from "@hono/zod-openapi";
import { ROLES } from "../envelope.ts";
import { success } from "./envelope.ts";
import { Count, cursorLike, GivenInstant, Id, Instant, pageSize, words } from "./text.ts";

const RoleWord = z.enum(ROLES);

export const NewToken = z.object({
  name: words(1, 200).openapi({ description: "what it is for; conversations are filed under it" }),
  role: RoleWord,
  content: z.boolean().nullish().openapi({
    description: "for viewers: the right to read message text, arguments, results, cache values",
  }),
  expires_at: GivenInstant.nullish().openapi({ description: "absent: never" }),
}).openapi("NewToken", { example: { name: "reporting", role: "viewer" } });

export const Token = z.object({
  token_id: z.string(),
  name: z.string(),
  role: RoleWord,
  content: z.boolean(),
  created_at: Instant,
  created_by: z.string(),
  rotated_at: Instant.optional(),
  expires_at: Instant.optional(),
  last_used_at: Instant.optional().openapi({ description: "to the minute" }),
}).openapi("Token");
export type Token = z.infer<typeof Token>;

export const TokenMade = success({
  token: z.string().openapi({ description: "the secret, shown this once", example: "pat_…" }),
  token_info: Token,
});
const UUID_CURSOR = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const TokensQuery = z.object({
  limit: pageSize(200, 100),
  cursor: cursorLike(UUID_CURSOR).optional(),
});
export const SessionsQuery = z.object({
  limit: pageSize(200, 100),
  cursor: cursorLike(/^[0-9a-f]{64}$/).optional(),
});
export const TokenList = success({ tokens: z.array(Token), next_cursor: z.string().optional() });
export const TokenRevoked = success({ token_id: z.string(), revoked: z.boolean() });

export const Session = z.object({
  session_id: z.string(),
  subject: z.string(),
  role: RoleWord,
  started_at: Instant,
  last_used_at: Instant,
  ends_at: Instant,
  address: z.string(),
  user_agent: z.string(),
}).openapi("Session");
export const SessionList = success({
  sessions: z.array(Session),
  next_cursor: z.string().optional(),
});
export const SignInLink = success({
  path: z.string().openapi({
    description: "at this service; signs in once",
    example: "/sign-in?code=…",
  }),
  expires_at: Instant,
});
export const SessionRevoked = success({ session_id: z.string(), revoked: z.boolean() });

export const AuditEntry = z.object({
  at: Instant,
  actor: z.string().openapi({ description: "`admin`, `jwt:…`, `token:…` or `anonymous`" }),
  subject: z.string(),
  action: z.string().openapi({ example: "DELETE /tokens/{token_id}" }),
  target: z.string(),
  address: z.string(),
  status: z.int().openapi({ description: "of the answer" }),
  request_id: z.string(),
  count: Count.optional().openapi({ description: "alike ones within 2 s; absent: one" }),
}).openapi("AuditEntry");
const range = {
  from: GivenInstant.optional(),
  to: GivenInstant.optional(),
  actor: Id.optional(),
  action: words(1, 200).optional(),
};
export const AuditRange = z.object(range);
const AUDIT_CURSOR = /^\d{1,15}-[0-9a-z]{1,40}$/;
export const AuditQuery = z.object({
  ...range,
  limit: pageSize(500, 100),
  cursor: cursorLike(AUDIT_CURSOR).optional(),
});
export const AuditPage = success({
  entries: z.array(AuditEntry),
  next_cursor: z.string().optional(),
});
/** One entry a line. */
export const AuditExport = z.object({}).openapi({ description: "application/x-ndjson" });
