import type { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import { counted } from "../words.ts";
import type { HealthCheck } from "./check.ts";

/** Redis, as far as health needs it; null where no REDIS_URL is set. */
export interface RedisPort {
  /** Whether commands get through at this moment. */
  readonly connected: boolean;
  info(): Promise<RedisInfo>;
}

export interface RedisInfo {
  connectedClients: number;
  usedMemoryHuman: string;
}

/** How the AI provider did lately; `healthy` is null before the first call. No call is made to ask. */
export interface ProviderState {
  name: string;
  healthy: boolean | null;
  detail: string;
}

const PROBE_KEY = ["health", "probe"];

/** Writes a record and reads it back. Without a database nothing works: a failure is unhealthy. */
export function databaseCheck(db: Database): HealthCheck {
  return {
    name: "database",
    onFailure: "unhealthy",
    async run() {
      const started = performance.now();
      const before = (await db.kv.get(PROBE_KEY)).versionstamp ?? "";
      await db.commit(new WriteSet().set(PROBE_KEY, Date.now()));
      const after = (await db.kv.get(PROBE_KEY)).versionstamp ?? "";
      const latency = Math.round((performance.now() - started) * 100) / 100;
      // Compared by version, not by value: another process may have written since.
      return after > before
        ? {
          status: "healthy",
          detail: `written and read back in ${latency} ms`,
          measured: { latency_ms: latency },
        }
        : { status: "unhealthy", detail: "what was written could not be read back" };
    },
  };
}

/** Redis lost means slower answers, never wrong ones: degraded at worst. */
export function redisCheck(redis: RedisPort | null): HealthCheck {
  return {
    name: "redis",
    onFailure: "degraded",
    async run() {
      if (!redis) return { status: "healthy", detail: "not configured; the cache is embedded" };
      if (!redis.connected) {
        return { status: "degraded", detail: "not connected; the cache works embedded meanwhile" };
      }
      const { connectedClients, usedMemoryHuman } = await redis.info();
      return {
        status: "healthy",
        detail: `${counted(connectedClients, "client")}, ${usedMemoryHuman} in use`,
        measured: { connected_clients: connectedClients, used_memory_human: usedMemoryHuman },
      };
    },
  };
}

/** Without the AI provider tasks wait and are tried again: degraded at worst. */
export function providerCheck(provider: () => ProviderState | Promise<ProviderState>): HealthCheck {
  return {
    name: "ai_provider",
    onFailure: "degraded",
    async run() {
      const { name, healthy, detail } = await provider();
      return {
        status: healthy === false ? "degraded" : "healthy",
        detail,
        measured: { provider: name, called: healthy !== null },
      };
    },
  };
}
