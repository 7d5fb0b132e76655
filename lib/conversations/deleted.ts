import { createHash } from "node:crypto";

/**
 * The hash under which a deleted conversation's id is remembered, so that importing it again
 * skips it without the id itself being kept.
 */
export function deletedHash(conversationId: string): string {
  return createHash("sha256").update("pixel:deleted:").update(conversationId).digest("hex")
    .slice(0, 40);
}
