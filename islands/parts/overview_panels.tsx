/** The panels of the Overview. Each shows one part of its data, and says so when it is missing. */
import type { CacheStats } from "../../lib/wire/cache.ts";
import type { History, HistoryMetric } from "../../lib/wire/history.ts";
import type { HealthCheck, HealthReport, PerformanceSummary } from "../../lib/wire/system.ts";
import type { ActiveTask, QueueInfo } from "../../lib/wire/tasks.ts";
import { count, duration, NONE, percent, perSecond } from "./format.ts";
import { waitingIn } from "./headline.ts";
import { byMinute } from "./minutes.ts";
import { Badge, Empty, Figure, Meter, Name, Panel, ShareBar, Unread } from "./pieces.tsx";
import { Sparkline } from "./Sparkline.tsx";
import { asWords, CHECK, CONVERSATION_STATUS, HEALTH, PRIORITY, type Tone } from "./words.ts";

/** CPU, memory and disk, each with a mark where it begins to hurt. */
export function Machine(
  { health, history }: { health: HealthReport | null; history: History | null },
) {
  if (!health) {
    return (
      <Panel title="Machine">
        <Unread what="The machine's figures" />
      </Panel>
    );
  }
  const { cpu_percent, memory_percent, disk_percent } = health.system;
  const hasDisk = !health.checks.some(({ name }) => name === "backups"); // which stands in its place
  const past = (metric: HistoryMetric) => history ? byMinute(history, metric) : undefined;
  return (
    <Panel title="Machine">
      <dl class="gauges">
        <Gauge name="CPU" value={cpu_percent} mark={80} past={past("cpu_percent")} />
        <Gauge name="Memory" value={memory_percent} mark={85} past={past("memory_percent")} />
        {hasDisk && <Gauge name="Disk" value={disk_percent} mark={90} />}
      </dl>
    </Panel>
  );
}

interface GaugeProps {
  name: string;
  value: number;
  mark: number;
  /** The last hour, by the minute. */
  past?: (number | null)[];
}

function Gauge({ name, value, mark, past }: GaugeProps) {
  const tone: Tone | undefined = value > mark ? (value > 95 ? "bad" : "warn") : undefined;
  return (
    <div class="gauge">
      <dt>{name}</dt>
      <dd>
        <span class="value">{percent(value)}</span>
        {past && <Sparkline values={past} highest={100} name={`${name} in the last hour`} />}
        <Meter name={name} value={value} mark={mark} tone={tone} />
      </dd>
    </div>
  );
}

/** Looked at first, and always shown; other checks only when they find something. */
const ALWAYS_SHOWN = ["database", "redis"];

/** The checks: those that find something and the main two, or `whole`, all of them. */
export function Services({ health, whole }: { health: HealthReport | null; whole?: boolean }) {
  if (!health) {
    return (
      <Panel title="Services">
        <Unread what="The services" />
      </Panel>
    );
  }
  const { services, redis_info, checks } = health;
  const told = checks.length > 0 ? checks : [
    flag("database", services.database_healthy),
    flag("redis", services.redis_healthy, redis_info?.used_memory_human),
  ];
  const shown = told.filter((check) =>
    whole || check.status !== "healthy" || ALWAYS_SHOWN.includes(check.name)
  );
  const quiet = told.filter((check) => !shown.includes(check));
  return (
    <Panel title="Services">
      <ul class="services">
        {shown.map((check) => <Check key={check.name} {...check} />)}
      </ul>
      {quiet.length > 0 && (
        <details class="foot">
          <summary>
            <Badge tone="ok">{`${count(quiet.length)} other checks are healthy`}</Badge>
          </summary>
          <ul class="services">
            {quiet.map((check) => <Check key={check.name} {...check} />)}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function Check({ name, status, detail }: HealthCheck) {
  const { word, tone } = HEALTH[status] ?? { word: status, tone: "idle" };
  return (
    <li>
      <span>{CHECK[name] ?? asWords(name)}</span>
      <Badge tone={tone}>{word}</Badge>
      {detail && <small>{detail}</small>}
    </li>
  );
}

const flag = (name: string, well: boolean, detail?: string): HealthCheck => ({
  name,
  detail,
  status: well ? "healthy" : "unhealthy",
});

export function Talks({ summary }: { summary: PerformanceSummary | null }) {
  if (!summary) {
    return (
      <Panel title="Conversations">
        <Unread what="Conversations" />
      </Panel>
    );
  }
  const talks = summary.conversation_metrics;
  const { completed, failed } = talks.status_breakdown;
  return (
    <Panel title="Conversations" aside={`${count(talks.total_conversations)} in all`}>
      <ShareBar
        name="Conversations by status"
        shares={Object.entries(talks.status_breakdown).map(([status, value]) => ({
          name: CONVERSATION_STATUS[status]?.word ?? status,
          tone: CONVERSATION_STATUS[status]?.tone ?? "idle",
          value,
        }))}
      />
      <p class="muted foot">
        {completed + failed === 0
          ? "None has ended yet."
          : `${percent(talks.success_rate)} of those that ended succeeded.`}
      </p>
    </Panel>
  );
}

const SHOWN = 6;

export function ActiveTasks(
  { active, now }: {
    active: { active_tasks: ActiveTask[]; task_count: number } | null;
    now: number;
  },
) {
  const all = <a href="/tasks?status=running">All running</a>;
  if (!active) {
    return (
      <Panel title="Active tasks">
        <Unread what="Active tasks" />
      </Panel>
    );
  }
  const more = active.task_count - Math.min(SHOWN, active.active_tasks.length);
  return (
    <Panel title="Active tasks" aside={all} class="active-tasks">
      {active.active_tasks.length === 0
        ? <Empty>Nothing runs at the moment.</Empty>
        : (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col" class="wide">Queue</th>
                <th scope="col" class="wide">Priority</th>
                <th scope="col">Progress</th>
                <th scope="col" class="number">For</th>
              </tr>
            </thead>
            <tbody>
              {active.active_tasks.slice(0, SHOWN).map((task) => (
                <tr key={task.task_id}>
                  <td>
                    <a href={`/tasks/${encodeURIComponent(task.task_id)}`}>
                      <Name of={task.name} />
                    </a>
                  </td>
                  <td class="wide">{task.queue}</td>
                  <td class="wide">{PRIORITY[task.priority]}</td>
                  <td>
                    <TaskProgress of={task} />
                  </td>
                  <td class="number">{duration(now - Date.parse(task.started_at))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      {more > 0 && <p class="muted foot">and {count(more)} more</p>}
    </Panel>
  );
}

/** How far a task is; it says nothing for one that has not said. */
export function TaskProgress({ of }: { of: Pick<ActiveTask, "progress" | "progress_message"> }) {
  if (of.progress === 0 && !of.progress_message) return <>{NONE}</>;
  return (
    <span class="progress" title={of.progress_message}>
      <Meter name="Progress" value={of.progress} /> {Math.round(of.progress)}%
    </span>
  );
}

export function Queues({ queues }: { queues: QueueInfo[] | null }) {
  if (!queues) {
    return (
      <Panel title="Queues">
        <Unread what="Queues" />
      </Panel>
    );
  }
  return (
    <Panel title="Queues" class="queues">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" class="number">Waiting</th>
            <th scope="col" class="number wide">Oldest</th>
            <th scope="col" class="number">Running</th>
            <th scope="col" class="number wide">Rate</th>
            <th scope="col" class="number" title="95 of 100 waited no longer">p95 wait</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <td>
                <a href={`/tasks?queue=${encodeURIComponent(queue.name)}`}>{queue.name}</a>
                {queue.paused && (
                  <>
                    <Badge tone="warn">Paused</Badge>
                  </>
                )}
              </td>
              <td class="number">{count(waitingIn(queue.depth.by_status))}</td>
              <td class="number wide">
                {queue.oldest_waiting_seconds === null
                  ? NONE
                  : duration(queue.oldest_waiting_seconds * 1000)}
              </td>
              <td class="number">{count(queue.depth.by_status.running ?? 0)}</td>
              <td class="number wide">{perSecond(queue.throughput_per_second)}</td>
              <td class="number">{duration(queue.latency.p95)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

export function CacheFigures({ cache }: { cache: CacheStats }) {
  const lookups = cache.hits + cache.misses;
  return (
    <dl class="figures">
      <Figure
        name="Hit rate"
        value={percent(cache.hit_rate)}
        note={lookups === 0 ? "no lookups yet" : `of ${count(lookups)} lookups`}
      />
      <Figure name="Keys" value={count(cache.total_keys)} note={cache.memory_usage} />
      <Figure
        name="Operations"
        value={perSecond(cache.operations_per_second)}
        note={`up ${duration(cache.uptime_seconds * 1000)}`}
      />
    </dl>
  );
}
