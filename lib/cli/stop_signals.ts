/** Ctrl-C reaches the whole process group, and `deno task` passes it on: both are one request. */
const SAME_REQUEST_MS = 1_000;
/** Exit code of a process that was asked twice. */
const FORCED = 130;

/**
 * Makes of repeated requests to stop: the first calls `stop`, what comes within a second belongs
 * to it, and whoever asks later has no patience left and ends the process at once.
 */
export function stopOnce<A extends unknown[]>(
  stop: (...args: A) => void,
  end: (code: number) => void = Deno.exit,
  elapsed: () => number = () => performance.now(),
): (...args: A) => void {
  let askedAt: number | null = null;
  return (...args) => {
    const now = elapsed();
    if (askedAt !== null) {
      if (now - askedAt >= SAME_REQUEST_MS) end(FORCED);
      return;
    }
    askedAt = now;
    stop(...args);
  };
}

/** Calls `ask` for every SIGINT and SIGTERM of this process. */
export function onStopSignals(ask: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, ask);
}
