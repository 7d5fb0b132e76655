/**
 * A TCP proxy that makes a network worse than it is: slower, or silent with its connections still
 * open. `await using` ends it and everything that goes through it.
 */
export class TcpProxy {
  /** Every piece that goes through, in either direction, is held up for so long. */
  delayMs = 0;
  /** Nothing goes through any more, and nobody is told. */
  silent = false;
  /** So many bytes of what clients send go through, and then no more. */
  clientBytes = Infinity;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>[] = [];

  constructor(readonly targetPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#running.push(this.#accept());
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Breaks all connections there are. */
  dropAll(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.dropAll();
    await Promise.all(this.#running);
  }

  async #accept(): Promise<void> {
    for (;;) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch {
        return;
      }
      this.#running.push(this.#serve(client));
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.targetPort });
      this.#connections.add(server);
      await Promise.all([this.#pump(client, server, true), this.#pump(server, client, false)]);
    } catch {
      close(client);
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, ofClient: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (this.silent) continue;
        const piece = buffer.slice(0, ofClient ? Math.min(n, this.clientBytes) : n);
        if (ofClient) this.clientBytes -= piece.length;
        if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
        for (let at = 0; at < piece.length;) at += await to.write(piece.subarray(at));
      }
    } catch {
      // One side has gone; so goes the other.
    }
    close(from);
    if (!this.silent) close(to);
    this.#connections.delete(from);
  }
}

function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed already.
  }
}
