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
  const { bot, history, message, userId } = request;
  const withHistory = policy === "user" || responder.usesHistory;
  const parts = [
    policy,
    policy === "user" ? userId : null,
    bot.botId,
    bot.version,
    responder.name,
    responder.model === null ? null : bot.model || responder.model,
    responder.variant,
    responder.keyText(message),
    withHistory ? history.map(({ role, content }) => [role, content]) : null,
  ];
  return `answer:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}
