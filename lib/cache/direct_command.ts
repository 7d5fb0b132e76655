import type { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import type { Unavailable } from "./unavailable.ts";
import type { Wait, Watchdog } from "./watchdog.ts";

/** Whose command it is: it knows what a failure means for the connection. */
export interface CommandOwner {
  readonly watchdog: Watchdog;
  failed(error: Error): Unavailable;
  sendAgain(command: DirectCommand): void;
  timedOut(): Unavailable;
}

/**
 * A command of the hot paths, laid out by whoever sends it and answered by a call; texts come back
 * as bytes. The client's own commands each make promises and look through their arguments several
 * times. It has what `Redis.sendCommand` asks of a command, and is its own wait for the answer.
 */
export class DirectCommand implements Wait {
  endsAt = 0;
  readonly args: readonly never[] = [];
  readonly inTransaction = false;
  /** Said of a command that need not be traced. */
  readonly isTraced = true;
  readonly promise = undefined;

  /**
   * `done` is called once, and must not throw. `asText` lays a script out that is called by its
   * name, for a server that does not know it yet.
   */
  constructor(
    private readonly owner: CommandOwner,
    readonly name: string,
    private wire: string | Buffer,
    private readonly done: (reply: unknown) => void,
    private asText: (() => string | Buffer) | null = null,
  ) {}

  sendOver(redis: Redis): void {
    redis.sendCommand(this as unknown as Parameters<Redis["sendCommand"]>[0]);
  }

  setReplyContext(): void {}

  toWritable(): string | Buffer {
    return this.wire;
  }

  resolve(reply: unknown): void {
    if (this.owner.watchdog.end(this)) this.done(reply);
  }

  reject(error: Error): void {
    if (this.asText !== null && error.message.startsWith("NOSCRIPT")) {
      this.wire = this.asText();
      this.asText = null;
      // What nobody waits for any more must not be written behind what came after it.
      if (this.owner.watchdog.waitsFor(this)) this.owner.sendAgain(this);
      return;
    }
    const failed = this.owner.failed(error);
    if (this.owner.watchdog.end(this)) this.done(failed);
  }

  expire(): void {
    this.done(this.owner.timedOut());
  }
}
