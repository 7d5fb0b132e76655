import { Redis } from "ioredis";
import type { ParsedAddress, RedisEndpoint } from "./redis_address.ts";

/** Where Redis is, and how it is spoken to. */
export interface RedisAccess {
  address: ParsedAddress;
  /** Certificates (PEM) that a server with TLS may be signed by, instead of the system's. */
  tlsCa?: string;
  connectTimeoutMs: number;
}

export interface ConnectionOptions {
  protocol?: 2;
  /** Which server; the first of the address when absent. */
  endpoint?: RedisEndpoint;
  /** Ends a command that takes longer, where nobody else does. */
  commandTimeoutMs?: number;
}

/**
 * A client that never does anything by itself: no queue, no repetition, no reconnecting, so that
 * whoever owns it decides, and closing never has to wait.
 */
export function connectRedis(
  { address, tlsCa, connectTimeoutMs }: RedisAccess,
  connectionName: string,
  { protocol, endpoint = address.nodes[0]!, commandTimeoutMs }: ConnectionOptions = {},
): Redis {
  return new Redis({
    ...endpoint,
    username: address.username,
    password: address.password,
    db: address.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    retryStrategy: () => null,
    connectionName,
    ...(protocol && { protocol }),
    ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    ...(address.tls && { tls: tlsCa === undefined ? {} : { ca: tlsCa } }),
  });
}

/** Sends a client's next connection to a server. */
export function aim(redis: Redis, endpoint: RedisEndpoint): void {
  Object.assign(redis.options, endpoint);
}

/** Drops a connection without waiting for the other side, which may be hung. */
export function hangUp(redis: Redis): void {
  if (redis.stream) redis.stream.destroy();
  else redis.disconnect();
}
