/** What Redis says of itself, as far as the cache's owner wants to know it. */
export interface RedisInfo {
  version: string;
  connectedClients: number;
  usedMemoryBytes: number;
  /** As Redis writes it: "1.20M". */
  usedMemoryHuman: string;
  /** 0 = no limit of its own. */
  maxMemoryBytes: number;
  /** What happens at the limit; `noeviction` refuses writes. */
  maxmemoryPolicy: string;
  evictedKeys: number;
  expiredKeys: number;
  uptimeSeconds: number;
}

/** Reads the reply of the command INFO. Figures that a server does not give are 0, texts empty. */
export function parseInfo(reply: string): RedisInfo {
  const fields = new Map<string, string>();
  for (const line of reply.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && line[0] !== "#") fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const text = (name: string) => fields.get(name) ?? "";
  const figure = (name: string) => Number(fields.get(name)) || 0;
  return {
    version: text("redis_version"),
    connectedClients: figure("connected_clients"),
    usedMemoryBytes: figure("used_memory"),
    usedMemoryHuman: text("used_memory_human"),
    maxMemoryBytes: figure("maxmemory"),
    maxmemoryPolicy: text("maxmemory_policy"),
    evictedKeys: figure("evicted_keys"),
    expiredKeys: figure("expired_keys"),
    uptimeSeconds: figure("uptime_in_seconds"),
  };
}

/**
 * A line of advice where the server's limits are wrong for a cache, else null: under `noeviction` a
 * full server refuses every write until something expires.
 */
export function memoryWarning(info: RedisInfo): string | null {
  if (info.maxMemoryBytes === 0 || info.maxmemoryPolicy !== "noeviction") return null;
  return `Redis refuses writes once it holds ${info.maxMemoryBytes} bytes ` +
    "(maxmemory-policy noeviction); a cache wants allkeys-lru or allkeys-lfu";
}
