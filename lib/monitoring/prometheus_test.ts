import assert from "node:assert/strict";
import { Counter, Histogram, renderMetrics } from "./prometheus.ts";

Deno.test("families are written in the text format, with labels escaped", () => {
  const counter = new Counter("jobs_total", "Jobs\nthat ended.", ["kind"]);
  counter.add({ kind: 'a "b"\\\n' });
  counter.add({ kind: 'a "b"\\\n' }, 2);
  counter.add({ kind: "c" }, -5);
  assert.equal(
    renderMetrics([counter.family()]),
    '# HELP jobs_total Jobs\\nthat ended.\n# TYPE jobs_total counter\njobs_total{kind="a \\"b\\"\\\\\\n"} 3\n',
  );
});

Deno.test("a histogram counts into cumulative buckets", () => {
  const histogram = new Histogram("seconds", "Time.", ["route"], [0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 3, NaN, -1]) histogram.observe({ route: "/" }, seconds);
  assert.deepEqual(renderMetrics([histogram.family()]).split("\n").slice(2, -1), [
    'seconds_bucket{route="/",le="0.1"} 2',
    'seconds_bucket{route="/",le="1"} 3',
    'seconds_bucket{route="/",le="+Inf"} 4',
    'seconds_sum{route="/"} 3.65',
    'seconds_count{route="/"} 4',
  ]);
});

Deno.test("a label that takes any value cannot make more than 201 series", () => {
  const counter = new Counter("x_total", "X.", ["kind", "queue"]);
  for (let i = 0; i < 1_000; i++) counter.add({ kind: `k${i}`, queue: "q" });
  const { samples } = counter.family();
  assert.equal(samples.length, 201);
  assert.deepEqual(samples.at(-1), { labels: { kind: "other", queue: "other" }, value: 800 });
});
