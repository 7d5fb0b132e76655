/** Below those that systems give to whoever names none: 32768 and up on Linux, 49152 elsewhere. */
const FIRST = 10_000;
const COUNT = 22_000;

/** Test processes that run at the same time begin far apart; a prime spreads neighbouring ids. */
let next = Deno.pid * 7_919 % COUNT;

/**
 * A port of this machine for a server that must know it before it listens. No connection and no
 * server on port 0 can come in between, and no port comes twice until all have come.
 */
export function freePort(): number {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("no port is free");
}
