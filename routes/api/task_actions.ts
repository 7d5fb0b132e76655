import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import {
  QueueLimitsAnswer,
  QueueLimitsBody,
  TaskAction,
  TaskActionAnswer,
} from "../../lib/wire/schemas/task_actions.ts";
import { TaskQueued } from "../../lib/wire/schemas/tasks.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { kindOf, stateOf } from "./shown.ts";

const TaskId = z.object({ task_id: Id });
const Name = z.object({ name: Id });

/** What operators do to many tasks, to one that waits or is dead, and to a queue's pace. */
export function addTaskActions(api: ApiBuilder): void {
  const { engine, bulk, admit } = api.deps;
  const unknown = () => notFound("There is no such task, or it is no longer kept.");

  api.add({
    route: "POST /tasks/actions",
    tag: "Tasks",
    summary: "Cancel, retry or discard every task of a selection",
    description: "Counts what would be acted on. With `dry_run: false` a task does it.",
    body: TaskAction,
    statuses: [503],
    answer: TaskActionAnswer,
    async handle({ body, principal }) {
      const { action, queue, status, name, q } = body;
      const state = status && stateOf(status);
      const selection = { queue, state, kind: name && kindOf(engine, name), text: q };
      const { count, capped } = await bulk.count(selection, action);
      const answer = { action, matching: count, capped };
      if (body.dry_run !== false) return { ...answer, dry_run: true };
      admit(1, action === "retry" ? undefined : "upkeep");
      const task_id = await bulk.enqueue({
        action,
        ...selection,
        rate_per_second: body.rate_per_second,
        by: principal.subject,
      });
      return { ...answer, dry_run: false, task_id };
    },
  });

  api.add({
    route: "POST /tasks/{task_id}/hasten",
    tag: "Tasks",
    summary: "Let a task that waits for a time run now",
    params: TaskId,
    unknown,
    statuses: [409, 503],
    answer: TaskQueued,
    async handle({ params: { task_id } }) {
      await engine.hasten(task_id);
      return { task_id };
    },
  });

  api.add({
    route: "POST /tasks/{task_id}/discard",
    tag: "Tasks",
    summary: "Delete an ended task for good",
    params: TaskId,
    unknown,
    statuses: [409, 503],
    answer: TaskQueued,
    async handle({ params: { task_id } }) {
      await engine.discard(task_id);
      return { task_id };
    },
  });

  api.add({
    route: "PUT /queues/{name}/limits",
    tag: "Queues",
    summary: "Set how many tasks of a queue run at once, and how many start a second",
    params: Name,
    body: QueueLimitsBody,
    unknown: () => notFound("There is no such queue."),
    answer: QueueLimitsAnswer,
    async handle({ params: { name }, body }) {
      const { concurrency, rate_per_second } = body;
      await engine.limit(name, { concurrency, ratePerSecond: rate_per_second });
      return { queue: name, concurrency, rate_per_second };
    },
  });
}
