import { createHash } from "node:crypto";
import type { CacheableResponder, ResponderRequest, SharingPolicy } from "./responder.ts";

/** The policy that holds for a request. */
export function sharingPolicy(
  request: ResponderRequest,
  responder: CacheableResponder,
): SharingPolicy {
  return request.bot.cache ?? responder.defaultPolicy;
}

/**
 * The key under which a reply may be shared: a SHA-256 over all that the reply depends on. With
 * `user`, the user and the history are always part of it; with `shared`, the history is where the
 * responder reads it. Parts are framed by JSON, so that no two lists of parts read alike.
 */
export function answerKey(
  request: ResponderRequest,
  responder: CacheableResponder,
  policy: "shared" | "user",
): string {
  return hashed(partsOf(request, responder, policy, responder.keyText(request.message)));
}

/** What two requests have in common whose answer keys differ by their messages alone. */
export function answerScope(
  request: ResponderRequest,
  responder: CacheableResponder,
  policy: "shared" | "user",
): string {
  return hashed(partsOf(request, responder, policy, null));
}

function partsOf(
  { bot, history, userId }: ResponderRequest,
  responder: CacheableResponder,
  policy: "shared" | "user",
  text: string | null,
): unknown[] {
  const withHistory = policy === "user" || responder.usesHistory;
  return [
    policy,
    policy === "user" ? userId : null,
    bot.botId,
    bot.version,
    responder.name,
    responder.model === null ? null : bot.model || responder.model,
    responder.variant,
    text,
    withHistory ? history.map(({ role, content }) => [role, content]) : null,
  ];
}

function hashed(parts: unknown[]): string {
  return `answer:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}
