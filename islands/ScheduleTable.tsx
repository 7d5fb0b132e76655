import type { Schedule } from "../lib/wire/schedules.ts";
import { act } from "./client/api.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { cronWords } from "./parts/cron_words.ts";
import { count } from "./parts/format.ts";
import type { ScheduleData } from "./parts/page_data.ts";
import { Badge, Empty, Moment, StatusBadge } from "./parts/pieces.tsx";
import { SCHEDULES as T } from "./parts/texts.ts";
import { asWords, TASK_STATUS } from "./parts/words.ts";
import type { TaskStatus } from "../lib/wire/tasks.ts";

/** Every schedule: when it runs, how it ran, and running it now. */
export default function ScheduleTable(rendered: ScheduleData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  if (data.schedules.length === 0) return <Empty>{T.empty}</Empty>;
  return (
    <table class="rows schedules">
      <thead>
        <tr>
          <th scope="col">{T.head.name}</th>
          <th scope="col" class="wide">{T.head.when}</th>
          <th scope="col">{T.head.last}</th>
          <th scope="col" class="wide">{T.head.next}</th>
          <th scope="col">{T.action}</th>
        </tr>
      </thead>
      <tbody>
        {data.schedules.map((schedule) => (
          <tr key={schedule.name}>
            <td>
              <b>{asWords(schedule.name)}</b>
              <small>{asWords(schedule.description)}</small>
              <small class="narrow">{cronWords(schedule.cron)}</small>
            </td>
            <td class="wide">
              {cronWords(schedule.cron)}
              {cronWords(schedule.cron) !== schedule.cron && (
                <small>
                  <code>{schedule.cron}</code>
                </small>
              )}
            </td>
            <td>
              <LastRun schedule={schedule} now={now} />
              {schedule.paused && (
                <span class="narrow">
                  <Paused schedule={schedule} now={now} />
                </span>
              )}
            </td>
            <td class="wide">
              {schedule.paused
                ? <Paused schedule={schedule} now={now} />
                : <Moment at={schedule.next_run_at ?? undefined} now={now} />}
            </td>
            <td>
              <span class="buttons">
                {data.operator && <RunNow name={schedule.name} csrf={data.csrf} />}
                {data.operator && <Hold schedule={schedule} csrf={data.csrf} />}
                <a
                  class="button quiet"
                  href={`/schedules?ledger=${encodeURIComponent(schedule.name)}#ledger`}
                >
                  {T.ledger}
                  <span class="unseen">: {asWords(schedule.name)}</span>
                </a>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function LastRun({ schedule, now }: { schedule: Schedule; now: number }) {
  const { last_run_at, last_status, missed } = schedule;
  if (!last_run_at) return <span class="muted">{T.never}</span>;
  return (
    <>
      {last_status && last_status in TASK_STATUS
        ? <StatusBadge status={last_status as TaskStatus} />
        : last_status && asWords(last_status)}{" "}
      <small>
        <Moment at={last_run_at} now={now} />
      </small>
      {missed > 0 && <small>{T.missed(count(missed))}</small>}
    </>
  );
}

function Paused({ schedule, now }: { schedule: Schedule; now: number }) {
  return (
    <>
      <Badge tone="warn">{T.pausedBy(schedule.paused_by)}</Badge>
      <small>
        <Moment at={schedule.paused_since} now={now} />
      </small>
    </>
  );
}

function Hold({ schedule: { name, paused }, csrf }: { schedule: Schedule; csrf: string }) {
  return (
    <ActionForm
      key={String(paused)}
      action="/schedules"
      csrf={csrf}
      fields={{ do: paused ? "resume" : "pause", name }}
      label={paused ? T.resume : T.pause}
      kind="quiet"
      confirm={paused ? undefined : () => T.pauseAsk(asWords(name))}
      perform={async () => {
        const path = `/schedules/${encodeURIComponent(name)}/pause`;
        await act(paused ? "DELETE" : "PUT", path, csrf);
        return paused ? T.resumed : T.paused;
      }}
    />
  );
}

function RunNow({ name, csrf }: { name: string; csrf: string }) {
  return (
    <ActionForm
      action="/schedules"
      csrf={csrf}
      fields={{ do: "run", name }}
      label={T.run}
      kind="quiet"
      confirm={() => T.ask(asWords(name))}
      perform={async () => {
        const path = `/schedules/${encodeURIComponent(name)}/run`;
        const { task_id } = await act<{ task_id: string }>("POST", path, csrf);
        return <a href={`/tasks/${encodeURIComponent(task_id)}`}>{T.started}</a>;
      }}
    />
  );
}
