import assert from "node:assert/strict";
import { type MetricsPorts, ServiceMetrics } from "./service_metrics.ts";
import type { SystemSample } from "./system.ts";

const ports: MetricsPorts = {
  system: {
    latest: () => ({
      at: 0,
      cpuPercent: 12.5,
      cpuMinutePercent: 10,
      memoryPercent: 20,
      memoryUsedBytes: 200,
      memoryTotalBytes: 1_000,
      memorySource: "container",
      diskPercent: 30,
      diskFreeBytes: 5e9,
      diskTotalBytes: 1e10,
      diskAt: 0,
      eventLoopLagMs: 3,
      rssBytes: 60e6,
    } satisfies SystemSample),
  },
  queues: () => [
    { name: "default", waiting: 4, running: 1, oldestWaitingSeconds: 2.5, paused: true },
  ],
  cache: () => ({
    hits: 3,
    misses: 1,
    totalKeys: 2,
    memoryBytes: 100,
    connected: true,
    staleHits: 1,
    fills: 1,
    writes: 2,
    damaged: 0,
    bytesSavedByCompression: 512,
    refusals: { too_large: 4 },
    saved: { tokens: 120, costMicros: 2_500_000 },
    similarReuses: 7,
    redis: { state: "open", kind: "timeout" },
    unsent: { waiting: 0 },
    process: {
      hits: 3,
      evictions: 0,
      latency: { count: 1, p50Ms: 2, p95Ms: 4, p99Ms: null },
    },
    shared: null,
  }),
  conversations: () => ({
    total: 3,
    breakdown: { pending: 0, processing: 1, completed: 2, failed: 0 },
    successRate: 100,
  }),
  score: () => Promise.resolve({ performance_score: 97.5, score_terms: [] }),
};

/** Every sample line by what stands before its value; fails on a line that is no sample. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      assert.ok(!typed.has(type[1]!), `${type[1]} is declared twice`);
      typed.add(type[1]!);
    }
    if (line.startsWith("#")) continue;
    const match = /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)$/.exec(line);
    assert.ok(match, line);
    assert.ok(!samples.has(match[1]!), `${match[1]} stands there twice`);
    samples.set(match[1]!, Number(match[2]));
  }
  return samples;
}

Deno.test("what is counted and what is read stand in one text", async () => {
  const metrics = new ServiceMetrics(ports);
  metrics.httpRequests.add({ method: "GET", route: "/tasks/{task_id}", status: "200" });
  metrics.httpSeconds.observe({ method: "GET", route: "/tasks/{task_id}" }, 0.004);
  metrics.jobs.add({ queue: "default", kind: "probe", outcome: "completed" }, 3);
  const samples = parse(await metrics.render());
  const expected = {
    'pixel_http_requests_total{method="GET",route="/tasks/{task_id}",status="200"}': 1,
    'pixel_http_request_seconds_bucket{method="GET",route="/tasks/{task_id}",le="0.005"}': 1,
    'pixel_jobs_total{queue="default",kind="probe",outcome="completed"}': 3,
    'pixel_queue_waiting{queue="default"}': 4,
    'pixel_queue_paused{queue="default"}': 1,
    'pixel_queue_oldest_waiting_seconds{queue="default"}': 2.5,
    pixel_cache_hits_total: 3,
    'pixel_cache_refusals_total{reason="too_large"}': 4,
    'pixel_cache_tier_hits_total{tier="process"}': 3,
    'pixel_cache_lookup_seconds{tier="process",quantile="0.95"}': 0.004,
    pixel_cache_saved_tokens_total: 120,
    pixel_cache_saved_cost_total: 2.5,
    pixel_cache_similar_reuses_total: 7,
    'pixel_cache_breaker_state{backend="redis",state="open"}': 1,
    'pixel_cache_breaker_state{backend="redis",state="closed"}': 0,
    'pixel_cache_breaker_reason{backend="redis",reason="timeout"}': 1,
    'pixel_conversations{status="completed"}': 2,
    pixel_performance_score: 97.5,
    'pixel_system_memory_percent{of="container"}': 20,
    pixel_disk_free_bytes: 5e9,
    pixel_event_loop_lag_seconds: 0.003,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(samples.get(name), value, name);
  }
  assert.ok(samples.get("process_cpu_seconds_total")! > 0);
});

Deno.test("a part that fails is left out and counted, the rest stays", async () => {
  const metrics = new ServiceMetrics({
    ...ports,
    cache: () => Promise.reject(new Error("gone")),
  });
  const samples = parse(await metrics.render());
  assert.ok(!samples.has("pixel_cache_hits_total"));
  assert.equal(samples.get('pixel_scrape_failures_total{part="cache"}'), 1);
  assert.equal(samples.get('pixel_queue_running{queue="default"}'), 1);
});
