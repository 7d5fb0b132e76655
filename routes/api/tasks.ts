import { z } from "@hono/zod-openapi";
import { AppError, type InputIssue, notFound } from "../../lib/errors.ts";
import { commitOnce } from "../../lib/kv/idempotency.ts";
import { namesHost } from "../../lib/notifications/address.ts";
import {
  ActiveTasks,
  ActiveTasksQuery,
  NewTask,
  TaskAnswer,
  TaskCancelled,
  TaskList,
  TaskQueued,
  TasksQuery,
} from "../../lib/wire/schemas/tasks.ts";
import { HIDDEN, Id, priorityNumber } from "../../lib/wire/schemas/text.ts";
import { pageOfActive } from "./active_page.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant, kindOf, shownPayload, shownTask, stateOf, taskName } from "./shown.ts";

const TaskId = z.object({ task_id: Id });
/** What stands in every list of conversations, so that everybody may search for it. */
const OPEN_FIELDS = ["conversation_id", "bot_id"];

/** Tasks: what runs, one task, cancelling, retrying, searching. */
export function addTasks(api: ApiBuilder): void {
  const { engine, work, db, config, admit } = api.deps;
  /** Refuses a queue that is not there, and a host that nobody allowed. */
  const checkTask = ({ queue, url }: { queue: string; url: string }): void => {
    const issues: InputIssue[] = [];
    if (!engine.queueNames.includes(queue)) {
      issues.push({ path: "queue", message: `must be one of ${engine.queueNames.join(", ")}` });
    }
    const target = URL.parse(url);
    if (!target || !config.taskUrlAllow.some((entry) => namesHost(entry, target))) {
      issues.push({ path: "url", message: "its host is not on TASK_URL_ALLOW" });
    } else if (target.username || target.password) {
      issues.push({ path: "url", message: "must not carry a user or password" });
    }
    if (issues.length === 0) return;
    const [{ path, message }] = issues as [InputIssue];
    throw new AppError("invalid", `The body does not fit: ${path}: ${message}`, { issues });
  };
  const unknown = () => notFound("There is no such task, or it is no longer kept.");

  api.add({
    route: "GET /tasks/active",
    tag: "Tasks",
    summary: "Tasks that run now, longest running first",
    query: ActiveTasksQuery,
    answer: ActiveTasks,
    handle({ query, principal }) {
      const all = engine.active(query.queue);
      const { page, next } = pageOfActive(all, query.limit, query.cursor);
      return {
        active_tasks: page.map((job) => ({
          task_id: job.id,
          name: taskName(job.kind),
          status: "running" as const,
          queue: job.queue,
          priority: shownTask(job, principal).priority,
          worker: job.worker ?? engine.worker,
          args: principal.content ? [] : [HIDDEN],
          kwargs: shownPayload(job.payload, principal),
          started_at: instant(job.startedAt ?? job.queuedAt),
          attempt: job.attempt + 1,
          progress: job.progress?.percent ?? 0,
          ...(job.progress?.message ? { progress_message: job.progress.message } : {}),
        })),
        task_count: all.length,
        ...(next === undefined ? {} : { next_cursor: next }),
      };
    },
  });

  api.add({
    route: "GET /tasks/{task_id}",
    tag: "Tasks",
    summary: "One task, and why it is not running",
    params: TaskId,
    unknown,
    answer: TaskAnswer,
    async handle({ params: { task_id }, principal }) {
      const job = await engine.get(task_id);
      if (!job) throw unknown();
      const waits = job.finishedAt === undefined && job.state !== "running";
      const waiting = waits ? await engine.waitingBecause(task_id) : [];
      return { task_status: shownTask(job, principal, waiting) };
    },
  });

  api.add({
    route: "DELETE /tasks/{task_id}",
    tag: "Tasks",
    summary: "Cancel a waiting or running task",
    params: TaskId,
    unknown,
    statuses: [409, 503],
    answer: TaskCancelled,
    async handle({ params: { task_id }, principal }) {
      await engine.cancel(task_id, `cancelled by ${principal.subject}`);
      return { cancelled: true, task_id };
    },
  });

  api.add({
    route: "POST /tasks/{task_id}/retry",
    tag: "Tasks",
    summary: "Put a failed or cancelled task back",
    params: TaskId,
    unknown,
    statuses: [409, 503],
    answer: TaskQueued,
    async handle({ params: { task_id } }) {
      const job = await engine.get(task_id);
      // Whatever else it may be is refused by the engine, before the backlog counts.
      if (job?.state === "failed" || job?.state === "cancelled") admit(1);
      await engine.retry(task_id);
      return { task_id };
    },
  });

  api.add({
    route: "POST /tasks",
    tag: "Tasks",
    summary: "Queue a task that is performed by calling an address of yours",
    description: "Performing it POSTs the payload to `url`, signed (Standard Webhooks). 2xx " +
      "completes it with the body as its result, 409 and 410 cancel it, 429, 5xx and silence are " +
      "tried again. The host must be on TASK_URL_ALLOW.",
    body: NewTask,
    answer: TaskQueued,
    queues: true,
    often: true,
    async handle({ body, claim }) {
      const { name, queue, url, payload, unique_key, max_attempts, run_at } = body;
      checkTask(body);
      return await commitOnce(db, claim, async (tx) => {
        admit(1);
        const task_id = await work.httpTask(tx, { name, queue, url, payload }, {
          priority: priorityNumber(body.priority ?? "normal"),
          ...(run_at ? { runAt: Date.parse(run_at) } : {}),
          ...(unique_key ? { uniqueKey: unique_key } : {}),
          ...(max_attempts ? { maxAttempts: max_attempts } : {}),
        });
        return { task_id };
      });
    },
  });

  api.add({
    route: "GET /tasks",
    tag: "Tasks",
    summary: "Search tasks, newest first",
    query: TasksQuery,
    answer: TaskList,
    async handle({ query, principal }) {
      const { queue, status, name, q, limit, cursor } = query;
      const page = await engine.list({
        queue,
        state: status && stateOf(status),
        kind: name && kindOf(engine, name),
        text: q,
        textIn: principal.content ? undefined : OPEN_FIELDS,
        limit,
        cursor,
      });
      return {
        tasks: page.jobs.map((job) => shownTask(job, principal)),
        ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }),
        ...(page.capped ? { capped: true } : {}),
      };
    },
  });
}
