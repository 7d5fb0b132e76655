import { z } from "@hono/zod-openapi";
import { Instant } from "./text.ts";

/** A successful answer: what was asked for, between `status` and `timestamp`. */
export const success = <S extends z.ZodRawShape>(shape: S) =>
  z.object({ status: z.literal("success"), ...shape, timestamp: Instant });

/** RFC 9457, as every error is answered. */
export const Problem = z.object({
  type: z.string().openapi({ example: "/docs/runbook#problem-invalid" }),
  title: z.string().openapi({ example: "Unprocessable Content" }),
  status: z.int().openapi({ example: 422 }),
  detail: z.string(),
  instance: z.string().openapi({ example: "/api/performance/tasks/active" }),
  request_id: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
}).openapi("Problem");
export type Problem = z.infer<typeof Problem>;
