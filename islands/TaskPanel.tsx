import type { TaskDetail } from "../lib/wire/tasks.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { ago, duration, exactIn, NONE } from "./parts/format.ts";
import type { TaskData } from "./parts/page_data.ts";
import { Figure, Meter, Moment, Name, Panel, StatusBadge } from "./parts/pieces.tsx";
import { ResumeQueue, TaskAction } from "./parts/task_actions.tsx";
import { asWords, PRIORITY, WAITING } from "./parts/words.ts";

const UNFINISHED = new Set(["queued", "scheduled", "running", "retrying"]);

/** One task: first why it is not running, then what it is, then what came of it. */
export default function TaskPanel(rendered: TaskData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { task } = data;
  return (
    <div class="task">
      <header class="title">
        <div>
          <h1>
            <Name of={task.name} />
          </h1>
          <p>
            <StatusBadge status={task.status} /> <code>{task.task_id}</code>
          </p>
        </div>
        {data.operator && (
          <TaskAction
            taskId={task.task_id}
            name={task.name}
            status={task.status}
            csrf={data.csrf}
            kind="primary"
          />
        )}
      </header>
      {task.waiting_because.length > 0 && <WhyNot data={data} now={now} />}
      {task.error && <Failure error={task.error} />}
      {task.status === "running" && task.progress > 0 && (
        <Panel title="Progress" aside={`${Math.round(task.progress)}%`}>
          <Meter name="Progress" value={task.progress} tone="busy" />
          {task.progress_message && <p class="muted foot">{task.progress_message}</p>}
        </Panel>
      )}
      <section class="panel strip" aria-label="Task">
        <dl class="figures">
          <Figure
            name="Queue"
            value={<a href={`/tasks?queue=${encodeURIComponent(task.queue)}`}>{task.queue}</a>}
            note={`${PRIORITY[task.priority]} priority`}
          />
          <Figure name="Attempt" value={task.attempt} note={`of ${task.max_attempts}`} />
          <Figure
            name="Queued"
            value={<Moment at={task.queued_at} now={now} />}
            note={exactIn(Date.parse(task.queued_at), data.zone)}
          />
          <Figure
            name="Waited"
            value={waited(task, now)}
            note={task.started_at
              ? `started ${exactIn(Date.parse(task.started_at), data.zone)}`
              : ""}
          />
          <Figure
            name="Took"
            value={took(task, now)}
            note={task.finished_at
              ? `ended ${exactIn(Date.parse(task.finished_at), data.zone)}`
              : ""}
          />
        </dl>
      </section>
      <Content title="Arguments" value={task.kwargs} />
      <Content title="Result" value={task.result} />
    </div>
  );
}

function WhyNot({ data: { task, operator, csrf, zone }, now }: { data: TaskData; now: number }) {
  return (
    <section class="panel why-not" aria-label="Why it is not running">
      <header>
        <h2>Why it is not running</h2>
      </header>
      <ul>
        {task.waiting_because.map((reason) => (
          <li key={reason.reason}>
            <h3>{WAITING[reason.reason] ?? asWords(reason.reason)}</h3>
            <p>
              {sentence(reason.detail)}
              {reason.until && (
                <>
                  {" "}
                  <time dateTime={reason.until} title={exactIn(Date.parse(reason.until), zone)}>
                    Expected {ago(Date.parse(reason.until), now)}.
                  </time>
                </>
              )}
            </p>
            {operator && reason.action === "resume" && <ResumeQueue task={task} csrf={csrf} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "others go first" as "Others go first." */
function sentence(text: string): string {
  const end = /[.!?…]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

function Failure({ error }: { error: NonNullable<TaskDetail["error"]> }) {
  const { message, code } = error;
  return (
    <section class="panel failure" aria-label="Error">
      <header>
        <h2>Error</h2>
        {code && <code class="aside">{code}</code>}
      </header>
      <pre tabIndex={0}>{message}</pre>
    </section>
  );
}

function Content({ title, value }: { title: string; value: unknown }) {
  const nothing = value == null || (typeof value === "object" && Object.keys(value).length === 0);
  if (nothing) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <Panel title={title}>
      {text === "[hidden]"
        ? <p class="muted">Hidden: your token has no right to read content.</p>
        : <pre tabIndex={0}>{text}</pre>}
    </Panel>
  );
}

function waited(task: TaskDetail, now: number): string {
  if (!task.started_at && !UNFINISHED.has(task.status)) return NONE;
  return duration(
    (task.started_at ? Date.parse(task.started_at) : now) - Date.parse(task.queued_at),
  );
}

function took(task: TaskDetail, now: number): string {
  if (!task.started_at) return NONE;
  if (task.finished_at) return duration(Date.parse(task.finished_at) - Date.parse(task.started_at));
  return task.status === "running" ? duration(now - Date.parse(task.started_at)) : NONE;
}
