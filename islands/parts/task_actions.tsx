import type { TaskDetail, TaskStatus } from "../../lib/wire/tasks.ts";
import { act } from "../client/api.ts";
import { ActionForm } from "./ActionForm.tsx";
import { TASK as T } from "./texts.ts";

interface TaskActionProps {
  taskId: string;
  name: string;
  status: TaskStatus;
  csrf: string;
  kind?: "primary" | "quiet";
}

/** The one thing that an operator can do with a task: cancel it, or run it again. */
export function TaskAction({ taskId, name, status, csrf, kind }: TaskActionProps) {
  const page = `/tasks/${encodeURIComponent(taskId)}`;
  if (status === "completed") return null;
  if (status === "failed" || status === "cancelled") {
    return (
      <ActionForm
        key="retry"
        action={page}
        csrf={csrf}
        fields={{ do: "retry" }}
        label={T.retry}
        kind={kind}
        perform={async () => {
          const { task_id } = await act<{ task_id: string }>("POST", `${page}/retry`, csrf);
          return task_id === taskId
            ? T.retried
            : <a href={`/tasks/${encodeURIComponent(task_id)}`}>{T.retriedAs}</a>;
        }}
      />
    );
  }
  return (
    <ActionForm
      key="cancel"
      action={page}
      csrf={csrf}
      fields={{ do: "cancel" }}
      label={T.cancel}
      kind={kind}
      confirm={() => status === "running" ? T.stopAsk(name) : T.cancelAsk(name)}
      perform={async () => {
        await act("DELETE", page, csrf);
        return T.cancelled;
      }}
    />
  );
}

/** Lets a task that waits for its time run at once. */
export function RunNow({ task, csrf }: { task: TaskDetail; csrf: string }) {
  const page = `/tasks/${encodeURIComponent(task.task_id)}`;
  return (
    <ActionForm
      action={page}
      csrf={csrf}
      fields={{ do: "hasten" }}
      label={T.hasten}
      kind="primary"
      perform={async () => {
        await act("POST", `${page}/hasten`, csrf);
        return T.hastened;
      }}
    />
  );
}

/** Doubles the limit of its queue that a task waits for. */
export function WidenQueue({ task, reason, csrf }: {
  task: TaskDetail;
  reason: TaskDetail["waiting_because"][number];
  csrf: string;
}) {
  const limits = reason.limits ?? {};
  const label = reason.reason === "concurrency"
    ? T.runAtOnce(String(limits.concurrency))
    : T.startASecond(String(limits.rate_per_second));
  const given = Object.entries(limits).map(([name, value]) => [name, String(value)]);
  return (
    <ActionForm
      action={`/tasks/${encodeURIComponent(task.task_id)}`}
      csrf={csrf}
      fields={{ do: "widen", queue: task.queue, ...Object.fromEntries(given) }}
      label={label}
      kind="primary"
      confirm={() => T.widenAsk(task.queue, label)}
      perform={async () => {
        await act("PUT", `/queues/${encodeURIComponent(task.queue)}/limits`, csrf, limits);
        return T.widened;
      }}
    />
  );
}

/** Lets a paused queue go on, which is what a task in it waits for. */
export function ResumeQueue({ task, csrf }: { task: TaskDetail; csrf: string }) {
  return (
    <ActionForm
      action={`/tasks/${encodeURIComponent(task.task_id)}`}
      csrf={csrf}
      fields={{ do: "resume", queue: task.queue }}
      label={T.resume(task.queue)}
      kind="primary"
      perform={async () => {
        await act("DELETE", `/queues/${encodeURIComponent(task.queue)}/pause`, csrf);
        return T.resumed;
      }}
    />
  );
}
