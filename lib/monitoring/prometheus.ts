/** Metrics in the Prometheus text format 0.0.4, with label sets that cannot grow without bound. */

export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Record<string, string>;

export interface Sample {
  labels?: Labels;
  /** What follows the family's name: `_bucket`, `_sum`, `_count`. */
  suffix?: string;
  value: number;
}

/** All samples of one metric name. */
export interface MetricFamily {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram" | "summary";
  samples: Sample[];
}

/** Label sets a metric may have; what comes after counts under `other`. */
const MAX_SERIES = 200;
const MAX_LABEL_LENGTH = 100;
/** Seconds, from 1 ms to 30 s. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The families as text. */
export function renderMetrics(families: MetricFamily[]): string {
  let text = "";
  for (const { name, help, type, samples } of families) {
    text += `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
    text += `# TYPE ${name} ${type}\n`;
    for (const { labels = {}, suffix = "", value } of samples) {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
      const set = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
      text += `${name}${suffix}${set} ${number(value)}\n`;
    }
  }
  return text;
}

function escapeLabel(text: string): string {
  return text.slice(0, MAX_LABEL_LENGTH).toWellFormed()
    .replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** The values of one metric by label set. */
class Series<Value> {
  readonly #byLabels = new Map<string, { labels: Labels; value: Value }>();

  constructor(readonly names: readonly string[], readonly create: () => Value) {}

  of(labels: Labels): Value {
    const key = this.#key(labels);
    const found = this.#byLabels.get(key);
    if (found) return found.value;
    if (this.names.length > 0 && this.#byLabels.size >= MAX_SERIES) {
      const other = Object.fromEntries(this.names.map((name) => [name, "other"]));
      return (this.#byLabels.get(this.#key(other)) ?? this.#add(other)).value;
    }
    return this.#add(labels).value;
  }

  entries(): Iterable<{ labels: Labels; value: Value }> {
    return this.#byLabels.values();
  }

  #add(labels: Labels): { labels: Labels; value: Value } {
    const entry = {
      labels: Object.fromEntries(this.names.map((name) => [name, labels[name] ?? ""])),
      value: this.create(),
    };
    this.#byLabels.set(this.#key(labels), entry);
    return entry;
  }

  #key(labels: Labels): string {
    let key = "";
    for (const name of this.names) key += (labels[name] ?? "") + "\0";
    return key;
  }
}

/** A number that only grows. */
export class Counter<Name extends string = never> {
  readonly #series: Series<{ count: number }>;

  constructor(readonly name: string, readonly help: string, labels: readonly Name[] = []) {
    this.#series = new Series(labels, () => ({ count: 0 }));
  }

  add(labels: Record<Name, string>, by = 1): void {
    if (by > 0) this.#series.of(labels).count += by;
  }

  /** The number itself, for whoever counts it very often. */
  at(labels: Record<Name, string>): { count: number } {
    return this.#series.of(labels);
  }

  family(): MetricFamily {
    const samples = [...this.#series.entries()]
      .map(({ labels, value }) => ({ labels, value: value.count }));
    return { name: this.name, help: this.help, type: "counter", samples };
  }
}

/** How durations, in seconds, are spread over fixed buckets. */
export class Histogram<Name extends string = never> {
  readonly #series: Series<{ counts: number[]; sum: number; count: number }>;

  constructor(
    readonly name: string,
    readonly help: string,
    labels: readonly Name[] = [],
    readonly buckets: readonly number[] = BUCKETS,
  ) {
    this.#series = new Series(labels, () => ({ counts: buckets.map(() => 0), sum: 0, count: 0 }));
  }

  observe(labels: Record<Name, string>, seconds: number): void {
    this.at(labels)(seconds);
  }

  /** Observes under these labels, for whoever does so very often. */
  at(labels: Record<Name, string>): (seconds: number) => void {
    const value = this.#series.of(labels);
    return (seconds) => {
      if (!(seconds >= 0)) return;
      let bucket = 0;
      while (bucket < this.buckets.length && seconds > this.buckets[bucket]!) bucket++;
      if (bucket < this.buckets.length) value.counts[bucket]!++;
      value.sum += seconds;
      value.count++;
    };
  }

  family(): MetricFamily {
    const samples: Sample[] = [];
    for (const { labels, value } of this.#series.entries()) {
      let below = 0;
      this.buckets.forEach((limit, index) => {
        below += value.counts[index]!;
        samples.push({ suffix: "_bucket", labels: { ...labels, le: number(limit) }, value: below });
      });
      samples.push({ suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: value.count });
      samples.push({ suffix: "_sum", labels, value: value.sum });
      samples.push({ suffix: "_count", labels, value: value.count });
    }
    return { name: this.name, help: this.help, type: "histogram", samples };
  }
}
