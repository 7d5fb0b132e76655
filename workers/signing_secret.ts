import type { Database } from "../lib/kv/database.ts";
import { WriteSet } from "../lib/kv/write_set.ts";
import { webhookSecret } from "../lib/notifications/webhook.ts";

const KEY: Deno.KvKey = ["meta", "webhook-secret"];

/** The secret that signs callbacks: the configured one, else one made once per database. */
export async function signingSecret(
  db: Database,
  configured: string | undefined,
): Promise<string> {
  if (configured) return configured;
  const { value } = await db.kv.get<string>(KEY);
  if (value) return value;
  const made = webhookSecret();
  const committed = await db.commit(new WriteSet().check(KEY, null).set(KEY, made));
  return committed ? made : await signingSecret(db, configured);
}
