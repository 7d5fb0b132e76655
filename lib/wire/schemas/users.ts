import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Instant } from "./text.ts";

export const UserErased = success({
  task_id: z.string(),
  complete: z.boolean().openapi({ description: "false: the task still works, or failed" }),
  conversations: Count.optional().openapi({ description: "whose texts were removed" }),
  records: Count.optional().openapi({ description: "others in which the id was replaced" }),
  overwritten: z.boolean().optional().openapi({
    description: "whether what deleted records left in the database's file is overwritten; " +
      "if not, that happens at the next start",
  }),
  backups_expire_at: Instant.nullable().openapi({
    description: "when the last backup that may hold the user is deleted; null without backups",
  }),
});
