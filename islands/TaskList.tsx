import { useState } from "preact/hooks";
import type { TaskDetail } from "../lib/wire/tasks.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { duration, NONE, shortId } from "./parts/format.ts";
import { useLiveRows } from "./parts/live_rows.tsx";
import type { Shown } from "./parts/merge_rows.ts";
import { TaskProgress } from "./parts/overview_panels.tsx";
import type { TaskRowsData } from "./parts/page_data.ts";
import { Empty, Moment, Name, StatusBadge } from "./parts/pieces.tsx";
import { BulkBar } from "./parts/BulkBar.tsx";
import { COUNTED, TASK, TASKS as T } from "./parts/texts.ts";
import { TaskAction } from "./parts/task_actions.tsx";
import { PRIORITY } from "./parts/words.ts";

/**
 * The tasks of one page. Rows stay where they are while one reads: news change them in place, and
 * tasks that came since wait behind a button instead of pushing the others down.
 */
export default function TaskList(rendered: TaskRowsData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  const { rows, news } = useLiveRows(
    rendered.page.tasks,
    data.page.tasks,
    (row) => row.task_id,
    COUNTED.newerTasks,
  );

  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };

  if (rows.length === 0) return <Empty>{T.none}</Empty>;
  return (
    <>
      {news}
      {data.operator && (
        <BulkBar
          rows={rows}
          chosen={chosen}
          choose={(ids) => setChosen(new Set(ids))}
          more={data.page.next_cursor !== undefined || data.query.cursor !== undefined}
          query={data.query}
          csrf={data.csrf}
        />
      )}
      <table class="rows tasks">
        <thead>
          <tr>
            {data.operator && <td class="needs-script tick" />}
            <th scope="col">{TASK.task}</th>
            <th scope="col">{TASK.status}</th>
            <th scope="col" class="wide">{TASK.queue}</th>
            <th scope="col" class="wide">{TASK.priority}</th>
            <th scope="col" class="number wide">{TASK.attempt}</th>
            <th scope="col" class="wide">{TASK.queued}</th>
            <th scope="col" class="number">{TASK.took}</th>
            {data.operator && <th scope="col" class="wide">{TASK.action}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.task_id}
              row={row}
              now={now}
              data={data}
              chosen={chosen.has(row.task_id)}
              toggle={() => toggle(row.task_id)}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

interface RowProps {
  row: Shown<TaskDetail>;
  now: number;
  data: TaskRowsData;
  chosen: boolean;
  toggle: () => void;
}

function Row({ row, now, data, chosen, toggle }: RowProps) {
  return (
    <tr class={row.gone ? "gone" : undefined}>
      {data.operator && (
        <td class="needs-script tick">
          <input
            type="checkbox"
            checked={chosen}
            onChange={toggle}
            aria-label={T.chooseOne(`${row.name} ${shortId(row.task_id)}`)}
          />
        </td>
      )}
      <td>
        <a href={`/tasks/${encodeURIComponent(row.task_id)}`}>
          <Name of={row.name} />
        </a>{" "}
        <code class="wide" title={row.task_id}>{shortId(row.task_id)}</code>
        <small class="narrow">
          {row.queue}, <Moment at={row.queued_at} now={now} />
        </small>
        {row.status === "failed" && row.error && <small class="why">{row.error.message}</small>}
      </td>
      <td>
        <StatusBadge status={row.status} />
        {row.gone && <small>{TASK.gone}</small>}
        {row.status === "running" && row.progress > 0 && <TaskProgress of={row} />}
      </td>
      <td class="wide">{row.queue}</td>
      <td class="wide">{PRIORITY[row.priority]}</td>
      <td class="number wide">{TASK.attempts(String(row.attempt), String(row.max_attempts))}</td>
      <td class="wide">
        <Moment at={row.queued_at} now={now} />
      </td>
      <td class="number">{took(row, now)}</td>
      {data.operator && (
        <td class="wide">
          <TaskAction
            taskId={row.task_id}
            name={row.name}
            status={row.status}
            csrf={data.csrf}
            kind="quiet"
          />
        </td>
      )}
    </tr>
  );
}

function took(row: TaskDetail, now: number): string {
  if (!row.started_at) return NONE;
  const end = row.finished_at ? Date.parse(row.finished_at) : now;
  return row.finished_at || row.status === "running"
    ? duration(end - Date.parse(row.started_at))
    : NONE;
}
