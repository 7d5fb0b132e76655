import process from "node:process";
import { type Clock, systemClock } from "../clock.ts";
import type { QueueLoads } from "./checks/work.ts";
import { within } from "./deadline.ts";
import { Counter, Histogram, type MetricFamily, renderMetrics, type Sample } from "./prometheus.ts";
import type { ConversationFigures } from "./summary.ts";
import type { Score } from "./score.ts";
import type { SystemSource } from "./system.ts";

/** Where `/metrics` reads at the moment it is asked; a part that does not answer is left out. */
export interface MetricsPorts {
  system: SystemSource;
  queues: QueueLoads;
  cache(): Promise<CacheCounters> | CacheCounters;
  conversations(): Promise<ConversationFigures> | ConversationFigures;
  score(): Promise<Score>;
  /** Every alert, and whether it is raised. */
  alerts?(): Promise<{ name: string; severity: string; raised: boolean }[]>;
  /** The database file and its backups. */
  storage?(): Promise<StorageFigures>;
}

export interface StorageFigures {
  databaseBytes: number;
  /** When the newest backup was made (ms UTC). */
  newestBackupAt: number | null;
  /** When all backups were last in the bucket (ms UTC); null where there is none. */
  uploadedAt: number | null;
}

export interface CacheCounters {
  hits: number;
  misses: number;
  totalKeys: number;
  memoryBytes: number;
  connected: boolean;
  staleHits: number;
  fills: number;
  writes: number;
  /** Stored things that could not be read. */
  damaged: number;
  bytesSavedByCompression: number;
  /** What was not stored, by reason. */
  refusals: Partial<Record<string, number>>;
  saved: { tokens: number; costMicros: number };
  /** Answers that were given again to a similar question. */
  similarReuses: number;
  /** Of the breaker before the store; null where the cache is in the process alone. */
  redis: { state: string; kind: string | null } | null;
  /** Deletions that the store could not be told of yet. */
  unsent: { waiting: number };
  process: CacheTierCounters;
  /** Null where the cache is in the process alone. */
  shared: CacheTierCounters | null;
}

export interface CacheTierCounters {
  hits: number;
  evictions: number;
  latency: { count: number; p50Ms: number | null; p95Ms: number | null; p99Ms: number | null };
}

/** What is counted of a reply. */
export interface ReplyFigures {
  source: string;
  cached: boolean;
  model?: string;
  tokens?: { prompt: number; completion: number };
}

const PORT_TIMEOUT_MS = 1_000;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);

interface RequestSeries {
  seen: (seconds: number) => void;
  byStatus: Map<number, { count: number }>;
}

/** The metrics of the service: what others count in it as things happen, and what it reads on demand. */
export class ServiceMetrics {
  /** `route` is the pattern ("/tasks/{task_id}"), never the path. */
  readonly httpRequests = new Counter("pixel_http_requests_total", "Requests answered.", [
    "method",
    "route",
    "status",
  ]);
  readonly httpSeconds = new Histogram("pixel_http_request_seconds", "Time to answer a request.", [
    "method",
    "route",
  ]);
  /** `outcome`: completed, failed, retrying, cancelled. */
  readonly jobs = new Counter("pixel_jobs_total", "Attempts of jobs that ended.", [
    "queue",
    "kind",
    "outcome",
  ]);
  readonly jobSeconds = new Histogram("pixel_job_seconds", "Time that an attempt ran.", [
    "queue",
    "kind",
  ]);
  readonly replies = new Counter("pixel_replies_total", "Replies of responders.", [
    "source",
    "cached",
  ]);
  readonly tokens = new Counter("pixel_ai_tokens_total", "Tokens of the AI provider.", [
    "model",
    "kind",
  ]);
  readonly #failures = new Counter("pixel_scrape_failures_total", "Parts that did not answer.", [
    "part",
  ]);
  /** What requests are counted in, by route and method: there are as many as routes. */
  readonly #requests = new Map<string, Map<string, RequestSeries>>();
  readonly #startedAt: number;

  constructor(readonly ports: MetricsPorts, readonly clock: Clock = systemClock) {
    this.#startedAt = clock.now();
  }

  /** Counts a request; `route` is the pattern that answered, never the path. */
  request(method: string, route: string, status: number, seconds: number): void {
    const known = METHODS.has(method) ? method : "other";
    let methods = this.#requests.get(route);
    if (!methods) this.#requests.set(route, methods = new Map());
    let series = methods.get(known);
    if (!series) {
      const seen = this.httpSeconds.at({ method: known, route });
      methods.set(known, series = { seen, byStatus: new Map() });
    }
    let answered = series.byStatus.get(status);
    if (!answered) {
      answered = this.httpRequests.at({ method: known, route, status: String(status) });
      series.byStatus.set(status, answered);
    }
    answered.count++;
    series.seen(seconds);
  }

  /** Counts a reply that was stored, and the tokens that it took. */
  reply(reply: ReplyFigures): void {
    this.replies.add({ source: reply.source, cached: String(reply.cached) });
    if (!reply.tokens || reply.cached) return;
    const model = reply.model ?? "unknown";
    this.tokens.add({ model, kind: "prompt" }, reply.tokens.prompt);
    this.tokens.add({ model, kind: "completion" }, reply.tokens.completion);
  }

  /** The body of `/metrics`. */
  async render(): Promise<string> {
    const parts = await Promise.all([
      this.#part("queues", async () => queueFamilies(await this.ports.queues())),
      this.#part("cache", async () => cacheFamilies(await this.ports.cache())),
      this.#part("conversations", async () => {
        const { breakdown } = await this.ports.conversations();
        const samples = Object.entries(breakdown)
          .map(([status, value]) => ({ labels: { status }, value }));
        return [gauge("pixel_conversations", "Live conversations by status.", samples)];
      }),
      this.#part("score", async () => {
        const { performance_score } = await this.ports.score();
        return [
          gauge("pixel_performance_score", "Performance score, 0 to 100.", performance_score),
        ];
      }),
      this.#part("alerts", async () => {
        const alerts = await this.ports.alerts?.() ?? [];
        const samples = alerts.map(({ name, severity, raised }) => ({
          labels: { alert: name, severity },
          value: raised ? 1 : 0,
        }));
        return [gauge("pixel_alert_raised", "1 while the alert is raised.", samples)];
      }),
      this.#part("storage", async () => storageFamilies(await this.ports.storage?.())),
      this.#part("system", () => systemFamilies(this.ports.system, this.#startedAt)),
    ]);
    const counted = [
      this.httpRequests,
      this.httpSeconds,
      this.jobs,
      this.jobSeconds,
      this.replies,
      this.tokens,
      this.#failures,
    ].map((metric) => metric.family());
    return renderMetrics([...counted, ...parts.flat()]);
  }

  async #part(
    part: string,
    read: () => MetricFamily[] | Promise<MetricFamily[]>,
  ): Promise<MetricFamily[]> {
    try {
      return await within(read, PORT_TIMEOUT_MS, this.clock);
    } catch {
      this.#failures.add({ part });
      return [];
    }
  }
}

function gauge(name: string, help: string, value: number | Sample[]): MetricFamily {
  return { name, help, type: "gauge", samples: typeof value === "number" ? [{ value }] : value };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ value }] };
}

function queueFamilies(queues: Awaited<ReturnType<QueueLoads>>): MetricFamily[] {
  const each = (read: (queue: typeof queues[number]) => number): Sample[] =>
    queues.map((queue) => ({ labels: { queue: queue.name }, value: read(queue) }));
  return [
    gauge("pixel_queue_waiting", "Jobs that could run now.", each((q) => q.waiting)),
    gauge("pixel_queue_running", "Jobs that run.", each((q) => q.running)),
    gauge("pixel_queue_paused", "1 while the queue is paused.", each((q) => q.paused ? 1 : 0)),
    gauge(
      "pixel_queue_oldest_waiting_seconds",
      "Age of the oldest job that could run.",
      each((q) => q.oldestWaitingSeconds ?? 0),
    ),
  ];
}

function cacheFamilies(cache: CacheCounters): MetricFamily[] {
  return [
    counter("pixel_cache_hits_total", "Lookups that found a value.", cache.hits),
    counter("pixel_cache_misses_total", "Lookups that found none.", cache.misses),
    gauge("pixel_cache_keys", "Keys in the cache.", cache.totalKeys),
    gauge("pixel_cache_memory_bytes", "Memory that the cache takes.", cache.memoryBytes),
    gauge("pixel_cache_connected", "1 while the cache's store answers.", cache.connected ? 1 : 0),
    counter("pixel_cache_stale_hits_total", "Hits past their time, on purpose.", cache.staleHits),
    counter("pixel_cache_fills_total", "Values that were computed.", cache.fills),
    counter("pixel_cache_writes_total", "Values that were stored.", cache.writes),
    counter("pixel_cache_damaged_total", "Entries that could not be read.", cache.damaged),
    {
      ...counter("pixel_cache_refusals_total", "Values that were not stored.", 0),
      samples: Object.entries(cache.refusals).map(([reason, value = 0]) => ({
        labels: { reason },
        value,
      })),
    },
    counter(
      "pixel_cache_compression_saved_bytes_total",
      "Bytes that compression has spared.",
      cache.bytesSavedByCompression,
    ),
    counter(
      "pixel_cache_saved_tokens_total",
      "Model tokens that cached answers have spared.",
      cache.saved.tokens,
    ),
    counter(
      "pixel_cache_saved_cost_total",
      "Cost that cached answers have spared, in the currency of the prices.",
      cache.saved.costMicros / 1e6,
    ),
    counter(
      "pixel_cache_similar_reuses_total",
      "Answers that were given again to a similar question.",
      cache.similarReuses,
    ),
    gauge("pixel_cache_unsent", "Deletions to be made good.", cache.unsent.waiting),
    ...breakerFamilies(cache.redis),
    ...cacheTierFamilies(cache),
  ];
}

const BREAKER_STATES = ["closed", "open", "half-open"];

function breakerFamilies(redis: CacheCounters["redis"]): MetricFamily[] {
  if (redis === null) return [];
  const states = BREAKER_STATES.map((state) => ({
    labels: { backend: "redis", state },
    value: state === redis.state ? 1 : 0,
  }));
  const { kind } = redis;
  const reasons = kind === null ? [] : [{ labels: { backend: "redis", reason: kind }, value: 1 }];
  return [
    gauge("pixel_cache_breaker_state", "1 for the state that the breaker is in.", states),
    gauge("pixel_cache_breaker_reason", "1 for the kind of reason while it is open.", reasons),
  ];
}

function cacheTierFamilies({ process, shared }: CacheCounters): MetricFamily[] {
  const tiers = [["process", process], ...(shared ? [["redis", shared]] : [])] as [
    string,
    CacheTierCounters,
  ][];
  const of = (read: (tier: CacheTierCounters) => number) =>
    tiers.map(([tier, counters]) => ({ labels: { tier }, value: read(counters) }));
  const quantiles = [["0.5", "p50Ms"], ["0.95", "p95Ms"], ["0.99", "p99Ms"]] as const;
  return [
    {
      ...counter("pixel_cache_tier_hits_total", "Hits by where they were found.", 0),
      samples: of(({ hits }) => hits),
    },
    {
      ...counter("pixel_cache_evictions_total", "Entries put out for want of room.", 0),
      samples: of(({ evictions }) => evictions),
    },
    {
      ...gauge("pixel_cache_lookup_seconds", "Time of a sample of the lookups, by quantile.", 0),
      samples: tiers.flatMap(([tier, { latency }]) =>
        quantiles.flatMap(([quantile, field]) => {
          const ms = latency[field];
          return ms === null ? [] : [{ labels: { tier, quantile }, value: ms / 1_000 }];
        })
      ),
    },
  ];
}

function storageFamilies(storage: StorageFigures | undefined): MetricFamily[] {
  if (!storage) return [];
  const { databaseBytes, newestBackupAt, uploadedAt } = storage;
  const at = (instant: number | null) => instant === null ? [] : [{ value: instant / 1_000 }];
  return [
    gauge("pixel_database_bytes", "Size of the database file.", databaseBytes),
    gauge(
      "pixel_backup_timestamp_seconds",
      "When the newest backup was made.",
      at(newestBackupAt),
    ),
    gauge(
      "pixel_backup_uploaded_timestamp_seconds",
      "When all backups were last in the bucket.",
      at(uploadedAt),
    ),
  ];
}

function systemFamilies(system: SystemSource, startedAt: number): MetricFamily[] {
  const sample = system.latest();
  const { user, system: kernel } = process.cpuUsage();
  return [
    gauge("pixel_system_cpu_percent", "Busy processor time of the machine.", sample.cpuPercent),
    gauge("pixel_system_memory_percent", "Memory in use.", [
      { labels: { of: sample.memorySource }, value: sample.memoryPercent },
    ]),
    gauge("pixel_disk_percent", "Used share of the disk of DATA_DIR.", sample.diskPercent),
    gauge("pixel_disk_free_bytes", "Free bytes on the disk of DATA_DIR.", sample.diskFreeBytes),
    gauge(
      "pixel_event_loop_lag_seconds",
      "Longest delay in the last 15 s.",
      sample.eventLoopLagMs / 1_000,
    ),
    gauge("process_resident_memory_bytes", "Resident memory of the process.", sample.rssBytes),
    counter("process_cpu_seconds_total", "Processor time used.", (user + kernel) / 1e6),
    gauge("process_start_time_seconds", "When the process started.", startedAt / 1_000),
  ];
}
