import { Redis } from "ioredis";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Breaker } from "./breaker.ts";
import type { RedisScript } from "./redis_scripts.ts";

/** Said instead of an answer when Redis gave none, or refused. */
export class Unavailable {
  constructor(readonly reason: string) {}
}

export interface RedisLinkOptions {
  url: string;
  clock: Clock;
  log: Logger;
  /** How long a command may take before Redis counts as hung. */
  commandTimeoutMs: number;
  connectTimeoutMs: number;
}

/** Refusals of one command that say nothing against the next one. */
const REFUSALS = /^-?(OOM|READONLY|MISCONF|NOPERM|NOREPLICAS|WRONGTYPE|ERR|CROSSSLOT|EXECABORT)\b/;
/** A command that hung is followed by this many probes before the connection is made anew. */
const PROBES_BEFORE_RECONNECT = 3;
const READONLY_RECONNECT_MS = 5_000;
const CLOSE_WAIT_MS = 1_000;

/**
 * One connection to Redis whose failures are answers: `run` never rejects, never waits longer than
 * the command timeout, and does not wait at all while the breaker is open.
 */
export class RedisLink {
  readonly #redis: Redis;
  readonly #breaker: Breaker;
  readonly #clock: Clock;
  #lastError = "";
  #failedProbes = 0;
  #readonlyReconnectAt = 0;
  #closed = false;
  #firstAnswer = () => {};
  #attempts = 0;
  #cancelConnect: (() => void) | null = null;

  constructor(options: RedisLinkOptions) {
    this.#clock = options.clock;
    const log = options.log.with({ component: "cache" });
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: options.commandTimeoutMs,
      connectTimeout: options.connectTimeoutMs,
      // Connecting again is done here, so that closing never has to wait for it.
      retryStrategy: () => null,
      connectionName: "cache",
    });
    this.#breaker = new Breaker({
      clock: options.clock,
      probe: () => this.#probe(),
      onOpen: (reason) => log.warn("Redis is unavailable, answers come without it", { reason }),
      onClose: (openForMs) => {
        log.info("Redis answers", { afterMs: openForMs });
        this.#firstAnswer();
      },
    });
    this.#redis.on("error", (error: Error) => this.#noteError(error));
    this.#redis.on("close", () => this.#breaker.trip(this.#lastError || "the connection closed"));
    this.#redis.on("end", () => this.#connectLater());
    this.#redis.on("ready", () => {
      this.#attempts = 0;
      this.#lastError = "";
      this.#breaker.probeNow();
    });
  }

  /** True while commands are sent. */
  get connected(): boolean {
    return this.#breaker.closed && !this.#closed;
  }

  get state(): "closed" | "open" | "half-open" {
    return this.#breaker.state;
  }

  get reason(): string | null {
    return this.#breaker.reason;
  }

  /** When the breaker came into its present state. */
  get since(): number {
    return this.#breaker.since;
  }

  /** Starts connecting and waits for the first answer, but no longer than `waitMs`. */
  async open(waitMs: number): Promise<boolean> {
    this.#connect();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(waitMs, resolve);
      this.#firstAnswer = () => {
        cancel();
        resolve();
      };
    });
    this.#firstAnswer = () => {};
    return this.connected;
  }

  /** Runs commands; whatever goes wrong with Redis comes back as `Unavailable`. */
  async run<T>(commands: (redis: Redis) => Promise<T>): Promise<T | Unavailable> {
    if (!this.#breaker.closed) return new Unavailable(this.#breaker.reason ?? "unavailable");
    try {
      return await commands(this.#redis);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Runs a script by its name, sending its text only where the server does not know it yet. */
  script(script: RedisScript, keys: string[], args: (string | Uint8Array)[]): Promise<unknown> {
    return this.run(async (redis) => {
      try {
        return await redis.evalsha(script.sha1, keys.length, ...keys, ...args as string[]);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return await redis.eval(script.source, keys.length, ...keys, ...args as string[]);
      }
    });
  }

  /** Closes the connection; what is under way is answered with `Unavailable`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#breaker.stop();
    this.#cancelConnect?.();
    this.#firstAnswer();
    if (this.#redis.status === "end") return;
    await new Promise<void>((resolve) => {
      const giveUp = this.#clock.after(CLOSE_WAIT_MS, resolve);
      this.#redis.once("end", () => {
        giveUp();
        resolve();
      });
      this.#hangUp();
    });
  }

  #connect(): void {
    if (this.#closed) return;
    this.#redis.connect().catch((error) => this.#noteError(error));
  }

  #connectLater(): void {
    if (this.#closed) return;
    const delay = Math.min(1_000, 25 * 2 ** Math.min(this.#attempts++, 8));
    this.#cancelConnect = this.#clock.after(delay * (0.75 + Math.random() * 0.5), () => {
      this.#connect();
    });
  }

  /** Drops the connection without waiting for the other side, which may be hung. */
  #hangUp(): void {
    if (this.#redis.stream) this.#redis.stream.destroy();
    else this.#redis.disconnect();
  }

  #failed(error: unknown): Unavailable {
    const message = this.#explain(error);
    if (!REFUSALS.test(message)) this.#breaker.trip(message);
    else if (message.startsWith("READONLY")) this.#leaveReplica();
    return new Unavailable(message);
  }

  async #probe(): Promise<boolean> {
    if (this.#redis.status !== "ready") return false;
    try {
      await this.#redis.ping();
      this.#failedProbes = 0;
      return true;
    } catch (error) {
      this.#noteError(error);
      // Without this a peer that vanished silently would be waited for until TCP gives up.
      if (++this.#failedProbes % PROBES_BEFORE_RECONNECT === 0) this.#hangUp();
      return false;
    }
  }

  #noteError(error: unknown): void {
    this.#breaker.trip(this.#explain(error));
  }

  /** The client's own "closed" says less than what closed it. */
  #explain(error: unknown): string {
    const message = messageOf(error, 200);
    if (this.#lastError !== "" && /^(Connection is closed|Stream isn't)/.test(message)) {
      return this.#lastError;
    }
    return this.#lastError = message;
  }

  /** After a failover the old primary refuses writes; a new connection may find the new one. */
  #leaveReplica(): void {
    if (this.#clock.now() < this.#readonlyReconnectAt) return;
    this.#readonlyReconnectAt = this.#clock.now() + READONLY_RECONNECT_MS;
    this.#hangUp();
  }
}
