/**
 * The hash under which a deleted conversation's id is remembered, so that importing it again
 * skips it without the id itself being kept.
 */
export async function deletedHash(conversationId: string): Promise<string> {
  const bytes = new TextEncoder().encode("pixel:deleted:" + conversationId);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 40);
}
