import { MAX_WAIT_SECONDS } from "../../lib/wire/schemas/conversations.ts";
import type { ApiDeps } from "../deps.ts";

/** A number with more digits than these is as much as all of them. */
const WAIT = /(?:^|[,;\s])wait\s{0,4}=\s{0,4}"?(\d{1,6})/i;

/**
 * Seconds of `Prefer: wait=N` (RFC 7240), cut to what we do; null without one. A preference is
 * never refused: what cannot be read of it is passed over.
 */
export function preferredWait(request: Request): number | null {
  const header = request.headers.get("prefer");
  const wanted = header === null ? null : WAIT.exec(header);
  return wanted && Math.min(MAX_WAIT_SECONDS, Number(wanted[1]));
}

/** Waits for a task's end; false when it has not come by then. */
export async function waitForEnd(
  { engine }: Pick<ApiDeps, "engine">,
  taskId: string,
  seconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  return seconds > 0 && !signal.aborted && await engine.whenEnded(taskId, seconds * 1000, signal);
}
