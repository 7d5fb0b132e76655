import { Redis } from "ioredis";

/** Where Redis is, and how it is spoken to. */
export interface RedisAddress {
  /** `redis://` or `rediss://`, with user and password if need be. */
  url: string;
  /** Certificates (PEM) that a `rediss://` server's may be signed by, instead of the system's. */
  tlsCa?: string;
  connectTimeoutMs: number;
}

/**
 * A client that never does anything by itself: no queue, no repetition, no reconnecting, so that
 * whoever owns it decides, and closing never has to wait.
 */
export function connectRedis(
  address: RedisAddress,
  connectionName: string,
  protocol?: 2,
): Redis {
  return new Redis(address.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: address.connectTimeoutMs,
    retryStrategy: () => null,
    connectionName,
    ...(protocol && { protocol }),
    ...(address.tlsCa !== undefined && { tls: { ca: address.tlsCa } }),
  });
}

/** Drops a connection without waiting for the other side, which may be hung. */
export function hangUp(redis: Redis): void {
  if (redis.stream) redis.stream.destroy();
  else redis.disconnect();
}
