import { MAX_WAIT_SECONDS } from "../../lib/wire/schemas/conversations.ts";
import type { ApiDeps } from "../deps.ts";

const WAIT = /(?:^|[,;\s])wait\s{0,4}=\s{0,4}"?(\d{1,6})/i;

/** Seconds of `Prefer: wait=N` (RFC 7240), cut to what we do; 0 without one. */
export function preferredWait(request: Request): number {
  const header = request.headers.get("prefer");
  if (header === null) return 0;
  return Math.min(MAX_WAIT_SECONDS, Number(WAIT.exec(header)?.[1] ?? 0));
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
