import type { TaskDetail } from "../lib/wire/tasks.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { ago, duration, exactIn, NONE } from "./parts/format.ts";
import type { TaskData } from "./parts/page_data.ts";
import { Figure, Meter, Moment, Name, Panel, StatusBadge } from "./parts/pieces.tsx";
import { ResumeQueue, RunNow, TaskAction, WidenQueue } from "./parts/task_actions.tsx";
import { COMMON, TASK as T } from "./parts/texts.ts";
import { asWords, HIDDEN, PRIORITY, WAITING } from "./parts/words.ts";

const UNFINISHED = new Set(["queued", "scheduled", "running", "retrying"]);

/** One task: first why it is not running, then what it is, then what came of it. */
export default function TaskPanel(rendered: TaskData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { task } = data;
  const talk = conversationOf(task);
  return (
    <div class="task">
      <header class="title">
        <div>
          <h1>
            <Name of={task.name} />
          </h1>
          <p>
            <StatusBadge status={task.status} /> <code>{task.task_id}</code>
            {talk && <a href={`/conversations/${encodeURIComponent(talk)}`}>{T.conversation}</a>}
          </p>
        </div>
        {data.operator && (
          <TaskAction
            taskId={task.task_id}
            name={task.name}
            status={task.status}
            csrf={data.csrf}
            kind={UNFINISHED.has(task.status) ? undefined : "primary"}
          />
        )}
      </header>
      {task.waiting_because.length > 0 && <WhyNot data={data} now={now} />}
      {task.error && <Failure error={task.error} />}
      {task.status === "running" && task.progress > 0 && (
        <Panel title={T.progress} aside={`${Math.round(task.progress)}%`}>
          <Meter name={T.progress} value={task.progress} tone="busy" />
          {task.progress_message && <p class="muted foot">{task.progress_message}</p>}
        </Panel>
      )}
      <section class="panel strip" aria-label={T.task}>
        <dl class="figures">
          <Figure
            name={T.queue}
            value={<a href={`/tasks?queue=${encodeURIComponent(task.queue)}`}>{task.queue}</a>}
            note={T.ofPriority(PRIORITY[task.priority])}
          />
          <Figure
            name={T.attempt}
            value={task.attempt}
            note={T.ofAttempts(String(task.max_attempts))}
          />
          <Figure
            name={T.queued}
            value={<Moment at={task.queued_at} now={now} />}
            note={exactIn(Date.parse(task.queued_at), data.zone)}
          />
          <Figure
            name={T.waited}
            value={waited(task, now)}
            note={task.started_at ? T.started(exactIn(Date.parse(task.started_at), data.zone)) : ""}
          />
          <Figure
            name={T.took}
            value={took(task, now)}
            note={task.finished_at ? T.ended(exactIn(Date.parse(task.finished_at), data.zone)) : ""}
          />
        </dl>
      </section>
      <Content title={T.arguments} value={task.kwargs} />
      <Content title={T.result} value={task.result} />
    </div>
  );
}

function WhyNot({ data: { task, operator, csrf, zone }, now }: { data: TaskData; now: number }) {
  return (
    <section class="panel why-not" aria-label={T.whyNot}>
      <header>
        <h2>{T.whyNot}</h2>
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
                    {T.expected(ago(Date.parse(reason.until), now))}
                  </time>
                </>
              )}
            </p>
            {reason.task_id && (
              <a href={`/tasks/${encodeURIComponent(reason.task_id)}`}>{T.ahead}</a>
            )}
            {operator && reason.action === "resume" && <ResumeQueue task={task} csrf={csrf} />}
            {operator && reason.action === "hasten" && <RunNow task={task} csrf={csrf} />}
            {operator && reason.action === "widen" && (
              <WidenQueue task={task} reason={reason} csrf={csrf} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The conversation that a task answers in. */
function conversationOf({ kwargs }: TaskDetail): string | undefined {
  const id = typeof kwargs === "object" ? kwargs["conversation_id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

/** "others go first" as "Others go first." */
function sentence(text: string): string {
  const end = /[.!?…]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

function Failure({ error }: { error: NonNullable<TaskDetail["error"]> }) {
  const { message, code } = error;
  return (
    <section class="panel failure" aria-label={T.error}>
      <header>
        <h2>{T.error}</h2>
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
      {text === HIDDEN ? <p class="muted">{COMMON.hidden}</p> : <pre tabIndex={0}>{text}</pre>}
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
