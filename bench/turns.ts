/**
 * Turns from the queue to their stored answer, over HTTP from another process, at half, once, twice
 * and ten times what a service can answer, beside FastAPI with Celery. Answers come from the
 * embedded responder (there: TF-IDF and logistic regression), then from a model that takes 200 ms.
 *
 *     deno task bench turns --size 0.3     shorter loads
 *     deno task bench turns --only model   one responder
 *
 * Each load is taken once, over thousands of turns; `--rounds` says nothing here.
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../tests/support/ports.ts";
import { startServer } from "./peers/servers.ts";
import { type BenchOptions, type BenchReport, Figures } from "./report.ts";
import { installPython, startCelery } from "./turns/celery.ts";
import { calmLatency, capacityOf, type Level, runLevel } from "./turns/level.ts";
import { startPixel } from "./turns/pixel.ts";
import type { Responder, Subject } from "./turns/subject.ts";

const SECONDS = 6;
const LEVELS = [0.5, 1, 2, 10];
/** Work that may wait before a service that can refuse does, so that recovering is seen, too. */
const BACKLOG_SECONDS = 1.5;
/** The whole bench is given up after this. */
const LIMIT_MS = 470_000;
/** Bounds at ten times the capacity, in milliseconds. */
const BOUNDS = { refusal: 50, high: 1_000, dashboard: 200 };

/** Rates, delays, memory and refusals by load; throws when it takes longer than eight minutes. */
export async function run(options: BenchOptions): Promise<Pick<BenchReport, "versions" | "rows">> {
  const timer = setTimeout(() => {
    console.error("bench turns: given up after 470 s");
    Deno.exit(1);
  }, LIMIT_MS);
  try {
    return await measure(options);
  } finally {
    clearTimeout(timer);
  }
}

async function measure(
  { only, subjects, size, tell }: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const wanted = (name: string) => !subjects || subjects.includes(name);
  const versions: Record<string, string> = { deno: Deno.version.deno };
  if (wanted("celery")) Object.assign(versions, await installPython());
  const figures = new Figures();
  const stub = fileURLToPath(new URL("./turns/model_stub.ts", import.meta.url));
  for (const responder of ["embedded", "model"] as const) {
    if (only && !responder.includes(only)) continue;
    await using stack = new AsyncDisposableStack();
    let model: string | null = null;
    if (responder === "model") {
      const port = freePort();
      const args = ["run", "--allow-net", stub, String(port)];
      model = `${stack.use(await startServer(port, "/", Deno.execPath(), args, {})).url}/v1`;
    }
    for (const start of [wanted("pixel") && startPixel, wanted("celery") && startCelery]) {
      if (!start) continue;
      const seconds = Math.max(1, SECONDS * size);
      const capacity = await measureCapacity(await start(responder, model, 0), seconds);
      await using subject = await start(responder, model, Math.ceil(capacity * BACKLOG_SECONDS));
      await measureSubject(subject, responder, capacity, seconds, figures, tell);
    }
  }
  return { versions, rows: figures.rows("pixel") };
}

async function measureCapacity(subject: Subject, seconds: number): Promise<number> {
  await using _ = subject;
  return await capacityOf(subject, seconds);
}

async function measureSubject(
  subject: Subject,
  responder: Responder,
  capacity: number,
  seconds: number,
  figures: Figures,
  tell: (text: string) => void,
): Promise<void> {
  const { name } = subject;
  const calmMs = await calmLatency(subject);
  tell(`${name}, ${responder}: ${Math.round(capacity)} answers/s, ${calmMs.toFixed(1)} ms in calm`);
  figures.add(`${responder}, capacity`, name, capacity, "turns/s");
  figures.add(`${responder}, one turn in calm`, name, calmMs, "ms");
  for (const times of LEVELS) {
    const level = await runLevel(subject, capacity * times, seconds, calmMs);
    const metric = `${responder}, ${times} × capacity`;
    addLevel(figures, metric, name, level, seconds);
    const behind = level.recoveryMs === null ? "; still behind after 25 s" : "";
    tell(
      `${name}, ${metric}: ${level.offered} offered, ${level.accepted} accepted, ` +
        `${level.refusals.length} refused, ${level.lost} lost${behind}`,
    );
    if (times === 10 && name === "pixel") tellChecks(level, tell);
    if (level.recoveryMs === null) break; // What comes after would measure what is left over.
  }
}

function addLevel(
  figures: Figures,
  metric: string,
  name: string,
  level: Level,
  seconds: number,
): void {
  const add = (what: string, value: number | null | undefined, unit: string) => {
    if (value !== null && value !== undefined && Number.isFinite(value)) {
      figures.add(`${metric}, ${what}`, name, value, unit);
    }
  };
  add("offered", level.offered / seconds, "turns/s");
  add("answered", level.answeredPerSecond, "turns/s");
  add("p50", quantile(level.latencies, 0.5), "ms");
  add("p99", quantile(level.latencies, 0.99), "ms");
  add("high priority p99", quantile(level.high, 0.99), "ms");
  add("refused", level.refusals.length / Math.max(1, level.offered) * 100, "%");
  add("refusal p99", quantile(level.refusals, 0.99), "ms");
  add("dashboard p99", quantile(level.dashboard, 0.99), "ms");
  add("lost", level.lost, "turns");
  add("back to normal", level.recoveryMs === null ? null : level.recoveryMs / 1000, "s");
  add("memory", level.memoryBytes / 2 ** 20, "MB");
  add("disk a turn", level.diskBytes, "B");
}

/** Says of each promise about overload whether it was kept. */
function tellChecks(level: Level, tell: (text: string) => void): void {
  const refusal = quantile(level.refusals, 0.99) ?? 0;
  const high = quantile(level.high, 0.99) ?? Infinity;
  const dashboard = quantile(level.dashboard, 0.99) ?? Infinity;
  const only503 = [...level.refusedWith].every((status) => status === 503);
  const checks: [kept: boolean, text: string][] = [
    [only503, `refusals have status ${[...level.refusedWith].join(", ") || "none"}`],
    [refusal <= BOUNDS.refusal, `refused in ${ms(refusal)} (p99; ${BOUNDS.refusal} ms)`],
    [high <= BOUNDS.high, `high priority in ${ms(high)} (p99; ${BOUNDS.high} ms)`],
    [
      dashboard <= BOUNDS.dashboard,
      `dashboard in ${ms(dashboard)} (p99; ${BOUNDS.dashboard} ms)`,
    ],
    [level.lost === 0, `${level.lost} of ${level.accepted} accepted turns lost`],
  ];
  for (const [kept, text] of checks) tell(`  ${kept ? "kept  " : "BROKEN"} ${text}`);
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Undefined of nothing. */
function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
