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
import { CACHE, OVERVIEW, PANELS as T, TASK, TASKS } from "./texts.ts";
import { asWords, CHECK, CONVERSATION_STATUS, HEALTH, PRIORITY, type Tone } from "./words.ts";

/** CPU, memory and disk, each with a mark where it begins to hurt. */
export function Machine(
  { health, history }: { health: HealthReport | null; history: History | null },
) {
  if (!health) {
    return (
      <Panel title={T.machine}>
        <Unread what={T.machine} />
      </Panel>
    );
  }
  const { cpu_percent, memory_percent, disk_percent } = health.system;
  const hasDisk = !health.checks.some(({ name }) => name === "backups"); // which stands in its place
  const past = (metric: HistoryMetric) => history ? byMinute(history, metric) : undefined;
  return (
    <Panel title={T.machine}>
      <dl class="gauges">
        <Gauge name={T.cpu} value={cpu_percent} mark={80} past={past("cpu_percent")} />
        <Gauge name={T.memory} value={memory_percent} mark={85} past={past("memory_percent")} />
        {hasDisk && <Gauge name={T.disk} value={disk_percent} mark={90} />}
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
        {past && <Sparkline values={past} highest={100} name={T.lastHour(name)} />}
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
      <Panel title={T.services}>
        <Unread what={T.services} />
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
    <Panel title={T.services}>
      <ul class="services">
        {shown.map((check) => <Check key={check.name} {...check} />)}
      </ul>
      {quiet.length > 0 && (
        <details class="foot">
          <summary>
            <Badge tone="ok">{T.otherChecks(count(quiet.length))}</Badge>
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
      <Panel title={T.conversations}>
        <Unread what={T.conversations} />
      </Panel>
    );
  }
  const talks = summary.conversation_metrics;
  const { completed, failed } = talks.status_breakdown;
  return (
    <Panel title={T.conversations} aside={T.inAll(count(talks.total_conversations))}>
      <ShareBar
        name={T.byStatus}
        shares={Object.entries(talks.status_breakdown).map(([status, value]) => ({
          name: CONVERSATION_STATUS[status]?.word ?? status,
          tone: CONVERSATION_STATUS[status]?.tone ?? "idle",
          value,
        }))}
      />
      <p class="muted foot">
        {completed + failed === 0 ? T.noneEnded : T.ofEnded(percent(talks.success_rate))}
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
  const all = <a href="/tasks?status=running">{T.allRunning}</a>;
  if (!active) {
    return (
      <Panel title={T.active}>
        <Unread what={T.active} />
      </Panel>
    );
  }
  const more = active.task_count - Math.min(SHOWN, active.active_tasks.length);
  return (
    <Panel title={T.active} aside={all} class="active-tasks">
      {active.active_tasks.length === 0 ? <Empty>{T.nothingRuns}</Empty> : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{TASK.task}</th>
              <th scope="col" class="wide">{TASK.queue}</th>
              <th scope="col" class="wide">{TASK.priority}</th>
              <th scope="col">{T.progress}</th>
              <th scope="col" class="number">{T.runsFor}</th>
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
      {more > 0 && <p class="muted foot">{T.andMore(count(more))}</p>}
    </Panel>
  );
}

/** How far a task is; it says nothing for one that has not said. */
export function TaskProgress({ of }: { of: Pick<ActiveTask, "progress" | "progress_message"> }) {
  if (of.progress === 0 && !of.progress_message) return <>{NONE}</>;
  return (
    <span class="progress" title={of.progress_message}>
      <Meter name={T.progress} value={of.progress} /> {Math.round(of.progress)}%
    </span>
  );
}

export function Queues({ queues }: { queues: QueueInfo[] | null }) {
  if (!queues) {
    return (
      <Panel title={TASKS.queues}>
        <Unread what={TASKS.queues} />
      </Panel>
    );
  }
  return (
    <Panel title={TASKS.queues} class="queues">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{TASK.queue}</th>
            <th scope="col" class="number">{TASKS.waiting}</th>
            <th scope="col" class="number wide">{TASKS.oldest}</th>
            <th scope="col" class="number">{TASK.running}</th>
            <th scope="col" class="number wide">{TASKS.rate}</th>
            <th scope="col" class="number" title={T.waitMeans}>{TASKS.wait}</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <td>
                <a href={`/tasks?queue=${encodeURIComponent(queue.name)}`}>{queue.name}</a>
                {queue.paused && <Badge tone="warn">{TASKS.pausedBy(undefined)}</Badge>}
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
        name={CACHE.hitRate}
        value={percent(cache.hit_rate)}
        note={lookups === 0 ? OVERVIEW.noLookups : OVERVIEW.ofLookups(count(lookups))}
      />
      <Figure name={CACHE.keys} value={count(cache.total_keys)} note={cache.memory_usage} />
      <Figure
        name={CACHE.operations}
        value={perSecond(cache.operations_per_second)}
        note={CACHE.up(duration(cache.uptime_seconds * 1000))}
      />
    </dl>
  );
}
