import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import { UserErased } from "../../lib/wire/schemas/users.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

const UserId = z.object({ user_id: Id });
const WAIT_MS = 20_000;

/** People: what is kept of them can be erased. */
export function addUsers(api: ApiBuilder): void {
  const { users, engine, clock } = api.deps;
  api.add({
    route: "DELETE /users/{user_id}",
    tag: "Users",
    summary: "Erase a user",
    description: "The id is replaced by a random pseudonym and the texts of their conversations " +
      "are removed everywhere; figures stay. Answers within 20 s, done or not; the task goes on. " +
      "Whoever was erased is erased again when an older backup is restored.",
    params: UserId,
    unknown: () => notFound("There is no such user."),
    answer: UserErased,
    async handle({ params: { user_id }, signal }) {
      const taskId = await users.erase(user_id);
      let task = await engine.get(taskId);
      if (task && await engine.whenEnded(taskId, WAIT_MS, signal)) task = await engine.get(taskId);
      const result = task?.result as
        | { conversations?: number; records?: number; overwritten?: boolean }
        | undefined;
      const expireAt = await users.backupsExpireAt(clock.now());
      return {
        task_id: taskId,
        complete: task?.state === "completed",
        ...(result
          ? {
            conversations: result.conversations,
            records: result.records,
            overwritten: result.overwritten,
          }
          : {}),
        backups_expire_at: expireAt === null ? null : instant(expireAt),
      };
    },
  });
}
