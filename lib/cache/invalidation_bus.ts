import type { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { KeySpace } from "./key_space.ts";
import { aim, connectRedis, hangUp, type RedisAccess } from "./redis_connect.ts";
import type { RedisLocator } from "./redis_locator.ts";
import { Watchdog } from "./watchdog.ts";

const TRACKING_CHANNEL = "__redis__:invalidate";
/** A silent connection is asked whether it still is one. */
const HEARTBEAT_MS = 1_000;
const ANSWER_MS = 1_000;
const MAX_RECONNECT_MS = 2_000;

export interface BusOptions extends RedisAccess {
  /** Whose server is the one that is read from. */
  locator: RedisLocator;
  clock: Clock;
  log: Logger;
  keys: KeySpace;
  /** Changes are told from now on. */
  onUp: (by: "tracking" | "publishing") => void;
  /** Changes may have been missed since some time ago. */
  onDown: () => void;
  /** Something has changed: a stored key, or null = everything. */
  onChange: (storedKey: string | null) => void;
  /** Leave client tracking out, as where a server does not offer it. */
  trackingAllowed?: boolean;
}

/**
 * The connection over which Redis tells of every change under our prefix: by client tracking in
 * broadcast mode, redirected to this very connection so that the telling ends exactly when the
 * connection does; where the server refuses that, by a channel that our scripts publish to.
 */
export class InvalidationBus {
  readonly #options: BusOptions;
  readonly #redis: Redis;
  readonly #watchdog = new Watchdog();
  #by: "tracking" | "publishing" | null = null;
  #cancelTimer: (() => void) | null = null;
  #attempts = 0;
  #whenUp = () => {};
  #closed = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#redis = connectRedis(options, "cache-changes", { protocol: 2 });
    this.#redis.on("error", () => {});
    this.#redis.on("end", () => {
      this.#down();
      this.#connectLater();
    });
    this.#redis.on("close", () => this.#down());
    this.#redis.on("ready", () => void this.#listen());
    this.#redis.on("messageBuffer", (_channel: Buffer, message: unknown) => this.#heard(message));
  }

  /** How changes are told; null while they are not. */
  get by(): "tracking" | "publishing" | null {
    return this.#by;
  }

  connect(): void {
    if (this.#closed || (this.#redis.status !== "wait" && this.#redis.status !== "end")) return;
    this.#cancelTimer?.();
    aim(this.#redis, this.#options.locator.current);
    this.#redis.connect().catch(() => {});
  }

  /** Waits until changes are told, but no longer than `ms`. */
  ready(ms: number): Promise<void> {
    if (this.#by !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const wait = this.#watchdog.guard(ms, resolve);
      this.#whenUp = () => {
        this.#watchdog.end(wait);
        resolve();
      };
    });
  }

  /** Starts anew, because what it is connected to may be another server than the one in use. */
  reset(): void {
    this.#down();
    if (this.#redis.status === "ready") hangUp(this.#redis);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#by = null;
    if (this.#redis.status !== "end" && this.#redis.status !== "wait") {
      await new Promise<void>((resolve) => {
        const wait = this.#watchdog.guard(ANSWER_MS, resolve);
        this.#redis.once("end", () => {
          this.#watchdog.end(wait);
          resolve();
        });
        hangUp(this.#redis);
      });
    }
    this.#watchdog.close();
  }

  async #listen(): Promise<void> {
    const { keys, log, trackingAllowed = true } = this.#options;
    const wait = this.#watchdog.guard(ANSWER_MS, () => hangUp(this.#redis));
    try {
      const tracking = trackingAllowed && await this.#track(keys.base).catch((error) => {
        log.info("Redis does not track keys for us, processes tell each other", {
          component: "cache",
          reason: messageOf(error, 200),
        });
        return false;
      });
      await this.#redis.subscribe(tracking ? TRACKING_CHANNEL : keys.changes);
      if (this.#closed) return;
      this.#attempts = 0;
      this.#by = tracking ? "tracking" : "publishing";
      this.#options.onUp(this.#by);
      this.#whenUp();
      this.#beatLater();
    } catch {
      hangUp(this.#redis);
    } finally {
      this.#watchdog.end(wait);
    }
  }

  async #track(prefix: string): Promise<boolean> {
    const id = String(await this.#redis.client("ID"));
    await this.#redis.call("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", prefix);
    return true;
  }

  #heard(message: unknown): void {
    if (this.#by === null) return;
    if (message === null) return this.#options.onChange(null);
    const changed = Array.isArray(message) ? message as Buffer[] : [message as Buffer];
    for (const key of changed) this.#options.onChange(key.toString());
  }

  #beatLater(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(HEARTBEAT_MS, () => {
      const wait = this.#watchdog.guard(ANSWER_MS, () => hangUp(this.#redis));
      this.#redis.ping().then(() => {
        this.#watchdog.end(wait);
        if (this.#by !== null) this.#beatLater();
      }, () => {
        this.#watchdog.end(wait);
        hangUp(this.#redis);
      });
    });
  }

  #down(): void {
    if (this.#by === null) return;
    this.#by = null;
    this.#options.onDown();
  }

  #connectLater(): void {
    this.#cancelTimer?.();
    if (this.#closed) return;
    const delay = Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(this.#attempts++, 6));
    const jittered = delay * (0.75 + Math.random() * 0.5);
    this.#cancelTimer = this.#options.clock.after(jittered, () => this.connect());
  }
}
