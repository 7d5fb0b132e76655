import { count, NONE } from "../islands/parts/format.ts";
import { Empty, Moment, Panel, StatusBadge } from "../islands/parts/pieces.tsx";
import { SCHEDULES as T } from "../islands/parts/texts.ts";
import { asWords, TASK_STATUS } from "../islands/parts/words.ts";
import type { ScheduleTick } from "../lib/wire/schedules.ts";
import type { TaskStatus } from "../lib/wire/tasks.ts";

interface LedgerProps {
  name: string;
  ticks: ScheduleTick[];
  /** More lines than this were not asked for. */
  most: number;
  now: number;
}

/** Every time that a schedule fell due, and what came of it. */
export function Ledger({ name, ticks, most, now }: LedgerProps) {
  const note = ticks.length >= most ? T.ledgerCapped(count(most)) : T.ledgerNote;
  return (
    <Panel
      title={T.ledgerOf(asWords(name))}
      id="ledger"
      class="ledger"
      aside={<a href="/schedules">{T.close}</a>}
    >
      {ticks.length === 0 ? <Empty>{T.noLedger}</Empty> : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{T.due}</th>
              <th scope="col">{T.how}</th>
              <th scope="col">{T.result}</th>
              <th scope="col" class="wide">{T.by}</th>
            </tr>
          </thead>
          <tbody>
            {ticks.map((tick) => (
              <tr key={tick.tick_at}>
                <td>
                  <Moment at={tick.tick_at} now={now} />
                </td>
                <td>
                  {T.kinds[tick.kind]}
                  {tick.missed > 0 && <small>{T.missed(count(tick.missed))}</small>}
                </td>
                <td>
                  <Outcome tick={tick} />
                </td>
                <td class="wide">{tick.by}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="muted foot">{note}</p>
    </Panel>
  );
}

function Outcome({ tick: { task_id, task_status } }: { tick: ScheduleTick }) {
  if (!task_id) return <span class="muted">{NONE}</span>;
  if (!task_status || !(task_status in TASK_STATUS)) return <span class="muted">{T.gone}</span>;
  return (
    <a class="plain" href={`/tasks/${encodeURIComponent(task_id)}`}>
      <StatusBadge status={task_status as TaskStatus} />
    </a>
  );
}
