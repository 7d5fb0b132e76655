import type { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Breaker } from "./breaker.ts";
import { type CommandOwner, DirectCommand } from "./direct_command.ts";
import { aim, connectRedis, hangUp, type RedisAccess } from "./redis_connect.ts";
import { ConnectionIdentity } from "./connection_identity.ts";
import type { RedisLocator } from "./redis_locator.ts";
import { type RedisScript, runScript } from "./redis_script.ts";
import { bulk, command, type Wire } from "./resp.ts";
import { Unavailable } from "./unavailable.ts";
import { Watchdog } from "./watchdog.ts";

export interface RedisLinkOptions extends RedisAccess {
  locator: RedisLocator;
  clock: Clock;
  log: Logger;
  /** How long a command may take before Redis counts as hung. */
  commandTimeoutMs: number;
  /**
   * Called when Redis answers again, before anybody else is let through, until it says true: what
   * must be made good first (deletions that could not be sent) goes here, in small steps.
   */
  onAnswer?: (redis: Redis) => Promise<boolean>;
  /** The breaker has opened or closed. */
  onChange?: (connected: boolean) => void;
}

/** Refusals of one command that say nothing against the next one. */
const REFUSALS = /^-?(OOM|READONLY|MISCONF|NOPERM|NOREPLICAS|WRONGTYPE|ERR|CROSSSLOT|EXECABORT)\b/;
/** The server is no longer the one to ask. */
const ELSEWHERE = /^-?(MOVED|ASK)\b/;
/** A command that hung is followed by this many probes before the connection is made anew. */
const PROBES_BEFORE_RECONNECT = 3;
const READONLY_RECONNECT_MS = 5_000;
const CLOSE_WAIT_MS = 1_000;
const MAX_STEPS = 1_000;

/**
 * One connection to Redis whose failures are answers: `run` never rejects, never waits longer than
 * the command timeout, and does not wait at all while the breaker is open.
 */
export class RedisLink implements CommandOwner {
  readonly watchdog = new Watchdog();
  readonly #redis: Redis;
  readonly #breaker: Breaker;
  readonly #options: RedisLinkOptions;
  #lastError = "";
  #failedProbes = 0;
  #readonlyReconnectAt = 0;
  #closed = false;
  #connections = 0;
  #firstAnswer = () => {};
  #attempts = 0;
  #cancelConnect: (() => void) | null = null;
  readonly #identity = new ConnectionIdentity();

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    const log = options.log.with({ component: "cache" });
    this.#redis = connectRedis(options, "cache");
    this.#breaker = new Breaker({
      clock: options.clock,
      probe: () => this.#probe(),
      onOpen: (reason) => {
        log.warn("Redis is unavailable, answers come without it", { reason });
        options.onChange?.(false);
      },
      onClose: (openForMs) => {
        this.#lastError = "";
        log.info("Redis answers", { afterMs: openForMs });
        options.onChange?.(true);
        this.#firstAnswer();
      },
    });
    this.#redis.on("error", (error: Error) => this.#noteError(error));
    this.#redis.on("close", () => this.#breaker.trip(this.#lastError || "the connection closed"));
    this.#redis.on("end", () => this.#connectLater());
    this.#redis.on("ready", () => {
      this.#connections++;
      this.#attempts = 0;
      this.#lastError = "";
      this.#breaker.probeNow();
    });
  }

  /** True while commands are sent. */
  get connected(): boolean {
    return this.#breaker.closed && !this.#closed;
  }

  /** How many connections there have been. */
  get connections(): number {
    return this.#connections;
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
      const cancel = this.#options.clock.after(waitMs, resolve);
      this.#firstAnswer = () => {
        cancel();
        resolve();
      };
    });
    this.#firstAnswer = () => {};
    return this.connected;
  }

  /** Runs commands; whatever goes wrong with Redis comes back as `Unavailable`. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T | Unavailable> {
    return this.connected ? this.#guarded(commands) : Promise.resolve(this.#unavailable());
  }

  /**
   * One command of the hot paths, as it goes over the wire: `done` is called once, and must not
   * throw. Texts of a reply are bytes.
   */
  send(name: string, wire: string | Buffer, done: (reply: unknown) => void): void {
    if (this.connected) this.#begin(new DirectCommand(this, name, wire, done));
    else done(this.#unavailable());
  }

  /** `send` for a script: `args` are its number of keys, keys and arguments, `count` in all. */
  sendScript(
    { sha1, source }: RedisScript,
    count: number,
    args: Wire,
    done: (reply: unknown) => void,
  ): void {
    if (!this.connected) return done(this.#unavailable());
    const wire = args.behind(command("evalsha", count + 1, bulk(sha1, sha1.length)));
    const asText = () => args.behind(command("eval", count + 1, bulk(source)));
    this.#begin(new DirectCommand(this, "evalsha", wire, done, asText));
  }

  /** Runs a script by its name, sending its text only where the server does not know it yet. */
  script(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Uint8Array)[],
  ): Promise<unknown> {
    return this.run((redis) => runScript(redis, script, keys, args));
  }

  /** What Redis holds may be out of date: nobody reads until `onAnswer` has made it good. */
  distrust(): void {
    if (this.connected) this.#breaker.trip("something could not be deleted");
  }

  /** An answer, or `Unavailable` when it takes longer than this caller has left. */
  atMost<T>(ms: number, answer: Promise<T | Unavailable>): Promise<T | Unavailable> {
    return new Promise((resolve) => {
      const wait = this.watchdog.guard(ms, () => resolve(new Unavailable("no time left")));
      void answer.then((reply) => {
        this.watchdog.end(wait);
        resolve(reply);
      });
    });
  }

  /** Closes the connection; what is under way is answered with `Unavailable`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#breaker.stop();
    this.#cancelConnect?.();
    this.#options.locator.close();
    this.#firstAnswer();
    if (this.#redis.status !== "end") {
      await new Promise<void>((resolve) => {
        const giveUp = this.#options.clock.after(CLOSE_WAIT_MS, resolve);
        this.#redis.once("end", () => {
          giveUp();
          resolve();
        });
        hangUp(this.#redis);
      });
    }
    this.watchdog.close();
  }

  sendAgain(again: DirectCommand): void {
    again.sendOver(this.#redis);
  }

  /** What a command's failure is to whoever sent it; it may open the breaker. */
  failed(error: unknown): Unavailable {
    const message = this.#explain(error);
    if (!REFUSALS.test(message)) this.#breaker.trip(message);
    if (ELSEWHERE.test(message)) hangUp(this.#redis);
    else if (message.startsWith("READONLY")) this.#leaveReplica();
    return new Unavailable(message);
  }

  /** What a command is answered with that took too long. */
  timedOut(): Unavailable {
    return this.failed(new Error(`Redis timed out after ${this.#options.commandTimeoutMs} ms`));
  }

  #begin(begun: DirectCommand): void {
    this.watchdog.begin(begun, this.#options.commandTimeoutMs);
    begun.sendOver(this.#redis);
  }

  #guarded<T>(commands: (redis: Redis) => Promise<T>): Promise<T | Unavailable> {
    return new Promise((resolve) => {
      const wait = this.watchdog.guard(
        this.#options.commandTimeoutMs,
        () => resolve(this.timedOut()),
      );
      commands(this.#redis).then((reply) => {
        if (this.watchdog.end(wait)) resolve(reply);
      }, (error) => {
        const failed = this.failed(error);
        if (this.watchdog.end(wait)) resolve(failed);
      });
    });
  }

  #unavailable(): Unavailable {
    const reason = this.#closed ? "the cache is closed" : this.#breaker.reason;
    return new Unavailable(reason ?? "unavailable");
  }

  #connect(): void {
    void this.#options.locator.locate().then((endpoint) => {
      if (this.#closed) return;
      aim(this.#redis, endpoint);
      this.#redis.connect().catch((error) => this.#noteError(error));
    }, (error) => {
      this.#noteError(error);
      this.#connectLater();
    });
  }

  #connectLater(): void {
    if (this.#closed) return;
    const delay = Math.min(1_000, 25 * 2 ** Math.min(this.#attempts++, 8));
    const jittered = delay * (0.75 + Math.random() * 0.5);
    this.#cancelConnect = this.#options.clock.after(jittered, () => this.#connect());
  }

  async #probe(): Promise<boolean> {
    if (this.#redis.status !== "ready") return false;
    const answered = await this.#guarded(async (redis) => {
      await redis.ping();
      await this.#options.locator.check(redis);
      await this.#identity.renew(redis);
      return true;
    });
    if (answered === true) {
      this.#failedProbes = 0;
      return await this.#makeGood();
    }
    // Without this a peer that vanished silently would be waited for until TCP gives up.
    if (++this.#failedProbes % PROBES_BEFORE_RECONNECT === 0) hangUp(this.#redis);
    return false;
  }

  /** In steps, each of which has a command's time. */
  async #makeGood(): Promise<boolean> {
    const { onAnswer } = this.#options;
    for (let step = 0; onAnswer && step < MAX_STEPS; step++) {
      const done = await this.#guarded(onAnswer);
      if (done instanceof Unavailable) return false;
      if (done) return true;
    }
    return onAnswer === undefined;
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
    const now = this.#options.clock.now();
    if (now < this.#readonlyReconnectAt) return;
    this.#readonlyReconnectAt = now + READONLY_RECONNECT_MS;
    hangUp(this.#redis);
  }
}
