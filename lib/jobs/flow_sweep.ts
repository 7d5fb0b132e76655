import type { Database } from "../kv/database.ts";
import { flowsPrefix, sweptKey } from "./keys.ts";
import { sweepInTurn } from "../kv/sweep_in_turn.ts";

/** Flows looked at in one sweep. */
const MAX_SWEPT = 1_000;

/**
 * Forgets flows that ended before an instant (milliseconds UTC), and says how many; looks at
 * `MAX_SWEPT` in each call, and goes on with the next.
 */
export function sweepFlows(db: Database, endedBefore: number): Promise<number> {
  return sweepInTurn<{ endedAt?: number }>(db, {
    prefix: flowsPrefix,
    cursorKey: sweptKey("flow"),
    limit: MAX_SWEPT,
    isOver: ({ endedAt = Infinity }) => endedAt < endedBefore,
    remove: () => {},
  });
}
