import { fileURLToPath } from "node:url";
import type { BucketConfig } from "../../lib/config/config.ts";
import { startedProgram } from "./program.ts";
import { freePort } from "./ports.ts";

/** A bucket that lies on a server of the test. */
export interface TestBucket extends AsyncDisposable {
  config: BucketConfig;
  /** The same as variables of the service. */
  env: Record<string, string>;
}

/** Starts an S3-compatible server with one bucket (`s3_server.ts`); disposing of it ends it. */
export async function startBucket(): Promise<TestBucket> {
  const port = freePort();
  const folder = await Deno.makeTempDir();
  const file = fileURLToPath(new URL("./s3_server.ts", import.meta.url));
  const server = await startedProgram(file, [String(port), folder, "backups"]);
  const config = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: "backups",
    prefix: "services/pixel",
    region: "eu-central-1",
    keyId: "S3RVER",
    secret: "S3RVER",
    pathStyle: true,
  };
  return {
    config,
    env: {
      BACKUP_S3_ENDPOINT: config.endpoint,
      BACKUP_S3_BUCKET: config.bucket,
      BACKUP_S3_PREFIX: config.prefix,
      BACKUP_S3_REGION: config.region,
      BACKUP_S3_KEY_ID: config.keyId,
      BACKUP_S3_SECRET: config.secret,
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
