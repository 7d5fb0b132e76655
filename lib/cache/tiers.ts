import type { FrontTier } from "./front_tier.ts";
import type { InvalidationBus } from "./invalidation_bus.ts";
import type { MemoryHit, MemoryStore } from "./memory_store.ts";
import type { RedisLink } from "./redis_link.ts";
import type { RedisStore } from "./redis_store.ts";
import type { UnsentInvalidations } from "./unsent.ts";

/** Redis and what belongs to it. */
export interface RedisTier {
  link: RedisLink;
  store: RedisStore;
  front: FrontTier;
  /** Null where no copies are kept in the process. */
  bus: InvalidationBus | null;
  unsent: UnsentInvalidations;
}

/** Where entries lie: in Redis with copies in the process, or in the process alone. */
export interface Tiers {
  /** What answers first. */
  local: { get(key: string, now: number): MemoryHit | undefined };
  memory: MemoryStore | null;
  redis: RedisTier | null;
}
