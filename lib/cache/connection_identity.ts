import type { Redis } from "ioredis";

/** A connection as the server names it. */
export class ConnectionIdentity {
  #last: { id: string; address: string } | null = null;

  /**
   * Ends the connection before this one at the server, where it may have survived with commands
   * that would only now be read. Both its number and its address must fit: numbers start anew with
   * the server. Servers that do not allow this lose nothing but the tidiness.
   */
  async renew(redis: Redis): Promise<void> {
    const info = await redis.call("CLIENT", "INFO").then(String, () => "");
    const id = /\bid=(\d+)/.exec(info)?.[1], address = /\baddr=(\S+)/.exec(info)?.[1];
    if (id === undefined || address === undefined) return;
    const lost = this.#last;
    this.#last = { id, address };
    if (lost === null || (lost.id === id && lost.address === address)) return;
    await redis.call("CLIENT", "KILL", "ID", lost.id, "ADDR", lost.address).catch(() => {});
  }
}
