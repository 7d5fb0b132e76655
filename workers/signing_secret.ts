import { join } from "node:path";
import { writeSecretFile } from "../lib/auth/secret_file.ts";
import type { Config } from "../lib/config/config.ts";
import type { Database } from "../lib/kv/database.ts";
import { WriteSet } from "../lib/kv/write_set.ts";
import type { Logger } from "../lib/log.ts";
import { webhookSecret } from "../lib/notifications/webhook.ts";

const KEY: Deno.KvKey = ["meta", "webhook-secret"];

/**
 * The secret that signs callbacks and webhooks: the configured one, else one made once per database.
 * That one stands in `webhook-secret` in the data folder as well, for those who check signatures;
 * only its owner can read it.
 */
export async function signingSecret(
  db: Database,
  config: Pick<Config, "webhookSecret" | "dataDir" | "platform">,
  log: Logger,
): Promise<string> {
  const path = join(config.dataDir, "webhook-secret");
  const stored = config.platform.files ? read(path) : undefined;
  if (config.webhookSecret) {
    if (stored !== undefined) Deno.removeSync(path); // it signs nothing any more
    return config.webhookSecret;
  }
  const secret = await madeSecret(db);
  if (config.platform.files && stored !== secret) {
    writeSecretFile(path, secret);
    log.info("the secret that signs callbacks and webhooks stands in a file", { path });
  }
  return secret;
}

async function madeSecret(db: Database): Promise<string> {
  const { value } = await db.kv.get<string>(KEY);
  if (value) return value;
  const made = webhookSecret();
  const committed = await db.commit(new WriteSet().check(KEY, null).set(KEY, made));
  return committed ? made : await madeSecret(db);
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
