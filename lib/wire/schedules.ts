/** Schedules as the API answers them; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as schema from "./schemas/queues.ts";

/** An item of `schedules` in GET /schedules. */
export type Schedule = z.infer<typeof schema.Schedule>;
/** A line of the ledger, GET /schedules/{name}/ledger. */
export type ScheduleTick = z.infer<typeof schema.Tick>;
