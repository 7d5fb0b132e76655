import { z } from "@hono/zod-openapi";
import type { TokenView } from "../../lib/auth/tokens.ts";
import { AppError, notFound } from "../../lib/errors.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import {
  NewToken,
  SessionList,
  SessionRevoked,
  SessionsQuery,
  SignInLink,
  type Token,
  TokenList,
  TokenMade,
  TokenRevoked,
  TokensQuery,
} from "../../lib/wire/schemas/tokens.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

/** How long a sign-in link can be used, in milliseconds. */
const LINK_LIVES_MS = 15 * 60_000;
const TokenId = z.object({ token_id: Id });
const SessionId = z.object({ session_id: Id });

/** API tokens and dashboard sessions: who may come in, and ending that. */
export function addTokens(api: ApiBuilder): void {
  const { auth: { tokens, sessions }, clock } = api.deps;
  const unknown = () => notFound("There is no such token.");

  api.add({
    route: "GET /tokens",
    tag: "Tokens",
    summary: "Every token, without its secret",
    query: TokensQuery,
    answer: TokenList,
    async handle({ query: { limit, cursor } }) {
      const page = await tokens.list(limit, cursor);
      return { tokens: page.tokens.map(shown), ...nextOf(page.next) };
    },
  });

  api.add({
    route: "POST /tokens",
    tag: "Tokens",
    summary: "Make a token; its secret is in this answer and nowhere else",
    body: NewToken,
    answer: TokenMade,
    async handle({ body, principal, audit }) {
      const expiresAt = body.expires_at ? Date.parse(body.expires_at) : null;
      if (expiresAt !== null && expiresAt <= clock.now()) {
        const message = "must lie in the future";
        throw new AppError("invalid", `The body does not fit: expires_at: ${message}`, {
          issues: [{ path: "expires_at", message }],
        });
      }
      const made = await tokens.create(
        {
          name: body.name,
          role: body.role,
          content: body.content ?? false,
          expiresAt,
        },
        principal.id,
        (tx, id) => audit(tx, id),
      );
      return { token: made.secret, token_info: shown(made.token) };
    },
  });

  api.add({
    route: "POST /tokens/{token_id}/rotate",
    tag: "Tokens",
    summary: "Give a token a new secret; the old one ends at once",
    params: TokenId,
    unknown,
    answer: TokenMade,
    async handle({ params: { token_id }, audit }) {
      const made = await tokens.rotate(token_id, (tx) => audit(tx));
      return { token: made.secret, token_info: shown(made.token) };
    },
  });

  api.add({
    route: "DELETE /tokens/{token_id}",
    tag: "Tokens",
    summary: "Revoke a token, and end the sessions that were begun with it",
    params: TokenId,
    unknown,
    answer: TokenRevoked,
    async handle({ params: { token_id }, audit }) {
      await tokens.revoke(token_id, (tx) => audit(tx));
      return { token_id, revoked: true };
    },
  });

  api.add({
    route: "GET /sessions",
    tag: "Tokens",
    summary: "Everybody who is signed in to the dashboard",
    query: SessionsQuery,
    answer: SessionList,
    async handle({ query: { limit, cursor } }) {
      const page = await sessions.list(limit, cursor);
      return {
        sessions: page.sessions.map((session) => ({
          session_id: session.name,
          subject: session.principal.subject,
          role: session.principal.role,
          started_at: instant(session.startedAt),
          last_used_at: instant(session.usedAt),
          ends_at: instant(session.endsAt),
          address: session.address,
          user_agent: session.userAgent,
        })),
        ...nextOf(page.next),
      };
    },
  });

  api.add({
    route: "POST /sessions/link",
    tag: "Tokens",
    summary: "Make an address that signs a browser in as administrator, once",
    answer: SignInLink,
    async handle() {
      const expires_at = instant(clock.now() + LINK_LIVES_MS);
      const code = await api.deps.auth.adminLink(LINK_LIVES_MS);
      return { path: `/sign-in?code=${encodeURIComponent(code)}`, expires_at };
    },
  });

  api.add({
    route: "DELETE /sessions/{session_id}",
    tag: "Tokens",
    summary: "Sign somebody out of the dashboard",
    params: SessionId,
    unknown: () => notFound("There is no such session."),
    answer: SessionRevoked,
    async handle({ params: { session_id }, audit }) {
      if (!await sessions.revoke(session_id, (tx) => audit(tx))) {
        throw notFound("There is no such session.");
      }
      return { session_id, revoked: true };
    },
  });
}

function nextOf(next: string | undefined): { next_cursor?: string } {
  return next === undefined ? {} : { next_cursor: next };
}

function shown(token: TokenView): z.input<typeof Token> {
  return {
    token_id: token.id,
    name: token.name,
    role: token.role,
    content: token.content,
    created_at: instant(token.createdAt),
    created_by: token.createdBy,
    ...(token.rotatedAt === undefined ? {} : { rotated_at: instant(token.rotatedAt) }),
    ...(token.expiresAt === null ? {} : { expires_at: instant(token.expiresAt) }),
    ...(token.lastUsedAt === undefined ? {} : { last_used_at: instant(token.lastUsedAt) }),
  };
}
