import { KeySpace } from "./key_space.ts";
import { parseRedisAddress } from "./redis_address.ts";
import { connectRedis, hangUp } from "./redis_connect.ts";
import { RedisLocator } from "./redis_locator.ts";

/**
 * Finds the server of this address, signs in and asks it for a PONG. Returns its `host:port`; throws
 * what the server, or whoever was asked for it, says against that.
 */
export async function checkRedis(
  { url, timeoutMs, prefix = "pixel_ai" }: { url: string; timeoutMs: number; prefix?: string },
): Promise<string> {
  const address = parseRedisAddress(url);
  const access = { address, connectTimeoutMs: timeoutMs };
  const slotKey = new KeySpace(prefix, address.deployment.kind === "cluster").base;
  const endpoint = await new RedisLocator({ ...access, slotKey }).locate();
  const redis = connectRedis(access, "check", { endpoint, commandTimeoutMs: timeoutMs });
  let reason: unknown;
  // The first says why; what comes after it only that the connection has ended.
  redis.on("error", (error) => reason ??= error);
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    hangUp(redis);
  }
  if (reason !== undefined) throw reason;
  return `${endpoint.host}:${endpoint.port}`;
}
