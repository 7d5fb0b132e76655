import { act } from "./client/api.ts";
import { useLivePage } from "./client/use_live.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { count, duration, NONE, perSecond } from "./parts/format.ts";
import { waitingIn } from "./parts/headline.ts";
import type { QueueTableData } from "./parts/page_data.ts";
import { Badge, Meter } from "./parts/pieces.tsx";
import { TASKS as T } from "./parts/texts.ts";

/** Every queue: what waits, how busy it is, and holding it or letting it go on. */
export default function QueueTable(rendered: QueueTableData) {
  const { queues, operator, csrf } = useLivePage(rendered);
  return (
    <table class="rows queue-table">
      <thead>
        <tr>
          <th scope="col">{T.queue}</th>
          <th scope="col" class="number">{T.waiting}</th>
          <th scope="col" class="number wide">{T.oldest}</th>
          <th scope="col" class="wide">{T.busy}</th>
          <th scope="col" class="number wide">{T.rate}</th>
          <th scope="col" class="number">{T.wait}</th>
          {operator && <th scope="col">{T.action}</th>}
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => {
          const runs = queue.depth.by_status["running"] ?? 0;
          return (
            <tr key={queue.name}>
              <td>
                <a href={`/tasks?queue=${encodeURIComponent(queue.name)}`}>{queue.name}</a>{" "}
                {queue.paused && <Badge tone="warn">{T.pausedBy(queue.paused_by)}</Badge>}
              </td>
              <td class="number">{count(waitingIn(queue.depth.by_status))}</td>
              <td class="number wide">
                {queue.oldest_waiting_seconds === null
                  ? NONE
                  : duration(queue.oldest_waiting_seconds * 1000)}
              </td>
              <td class="wide">
                <span class="progress">
                  <Meter name={T.busy} value={runs / Math.max(1, queue.concurrency) * 100} />{" "}
                  {T.places(count(runs), count(queue.concurrency))}
                </span>
              </td>
              <td class="number wide">{perSecond(queue.throughput_per_second)}</td>
              <td class="number">{duration(queue.latency.p95)}</td>
              {operator && (
                <td>
                  <Hold name={queue.name} paused={queue.paused} csrf={csrf} />
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Hold({ name, paused, csrf }: { name: string; paused: boolean; csrf: string }) {
  const path = `/queues/${encodeURIComponent(name)}/pause`;
  return (
    <ActionForm
      key={String(paused)}
      action="/tasks"
      csrf={csrf}
      fields={{ do: paused ? "resume" : "pause", queue: name }}
      label={paused ? T.resume : T.pause}
      kind="quiet"
      confirm={paused ? undefined : () => T.pauseAsk(name)}
      perform={async () => {
        await act(paused ? "DELETE" : "PUT", path, csrf);
        return "";
      }}
    />
  );
}
