import type { CacheEvent } from "./cache.ts";
import type { Clock } from "../clock.ts";
import type { KeySpace } from "./key_space.ts";
import type { KeyWaiters } from "./key_waiters.ts";
import type { FrontTier } from "./front_tier.ts";

/**
 * When the process may answer from its copies: while Redis is there and tells of changes, and while
 * Redis is away, for a short time with what was learnt meanwhile. Whenever changes may have been
 * missed, all copies go.
 */
export class TierSwitch {
  readonly #front: FrontTier;
  readonly #waiters: KeyWaiters;
  readonly #clock: Clock;
  readonly #onEvent: (event: CacheEvent) => void;
  #linkUp = false;
  #busUp = false;

  constructor(
    front: FrontTier,
    waiters: KeyWaiters,
    clock: Clock,
    onEvent: (event: CacheEvent) => void,
  ) {
    this.#front = front;
    this.#waiters = waiters;
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  link(up: boolean, reason: string | null): void {
    const at = this.#clock.now();
    this.#linkUp = up;
    // What was learnt in the outage is no longer the last word; and copies from before it stay
    // only as long as changes are still told.
    if (up || !this.#busUp) this.#front.clear();
    this.#waiters.wakeAll();
    this.#onEvent(
      up ? { type: "cache.connected", at } : { type: "cache.disconnected", reason, at },
    );
    this.#update();
  }

  bus(up: boolean): void {
    this.#busUp = up;
    this.#front.clear();
    this.#update();
  }

  /** Something under our prefix has changed; null = everything may have. */
  changed(keys: KeySpace, storedKey: string | null): void {
    if (storedKey === null) {
      this.#front.clear();
      this.#waiters.wakeAll();
      return;
    }
    const change = keys.changed(storedKey);
    if (change === null) return;
    if (change.kind === "namespace") this.#front.dropNamespace(change.name);
    else if (change.kind === "tag") this.#front.dropTagged(change.name);
    else {
      if (change.kind === "entry") this.#front.drop(change.name);
      this.#waiters.wake(change.name);
    }
  }

  #update(): void {
    const active = this.#linkUp ? this.#busUp : true;
    if (active === this.#front.open) return;
    this.#front.open = active;
    this.#onEvent({ type: "cache.in_process_tier", active, at: this.#clock.now() });
  }
}
