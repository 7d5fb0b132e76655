import type { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import { counted } from "../words.ts";
import type { CheckResult, HealthCheck } from "./check.ts";

/** Redis, as far as health needs it; null where no REDIS_URL is set. */
export interface RedisPort {
  /** Whether commands get through at this moment. */
  readonly connected: boolean;
  /** Why they do not; null while they do. */
  readonly reason?: string | null;
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
const PROBE_EVERY_MS = 2_000;
const SMTP_EVERY_MS = 5 * 60_000;

/**
 * Writes a record and reads it back, at most every 2 s while that goes well, however often health is
 * asked; a probe that hangs is waited for by all and not joined by a second one. Without a database
 * nothing works: a failure is unhealthy.
 */
export function databaseCheck(db: Database, now: () => number = Date.now): HealthCheck {
  let running: Promise<CheckResult> | null = null;
  let last: { at: number; result: CheckResult } | null = null;
  return {
    name: "database",
    onFailure: "unhealthy",
    run() {
      if (last && now() >= last.at && now() - last.at < PROBE_EVERY_MS) return last.result;
      return running ??= probe(db).then((result) => {
        last = result.status === "healthy" ? { at: now(), result } : null;
        return result;
      }).finally(() => running = null);
    },
  };
}

async function probe(db: Database): Promise<CheckResult> {
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
}

/** Redis lost means slower answers, never wrong ones: degraded at worst. */
export function redisCheck(redis: RedisPort | null): HealthCheck {
  return {
    name: "redis",
    onFailure: "degraded",
    async run() {
      if (!redis) return { status: "healthy", detail: "not configured; the cache is embedded" };
      if (!redis.connected) {
        const detail = "not connected; the cache works embedded meanwhile";
        const why = redis.reason ? ` (${redis.reason})` : "";
        return { status: "degraded", detail: detail + why };
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

/**
 * Signs in to the mail server and leaves again, every 5 minutes however often health is asked, and
 * at once again after a failure. Alerts that cannot be sent are a fault worth knowing: degraded.
 */
export function smtpCheck(signIn: () => Promise<void>, now: () => number = Date.now): HealthCheck {
  let running: Promise<CheckResult> | null = null;
  let last: { at: number; result: CheckResult } | null = null;
  return {
    name: "smtp",
    onFailure: "degraded",
    run() {
      if (last && now() >= last.at && now() - last.at < SMTP_EVERY_MS) return last.result;
      return running ??= signIn().then(() => {
        const result: CheckResult = { status: "healthy", detail: "the mail server lets us in" };
        last = { at: now(), result };
        return result;
      }).finally(() => running = null);
    },
  };
}
