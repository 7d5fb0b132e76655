import { fileURLToPath } from "node:url";
import {
  buildSlowFsync,
  installCelery,
  installNodePeers,
  output,
  PEERS_FOLDER,
  PYTHON,
} from "./peers/install.ts";
import { type Server, startPostgres, startRedis } from "./peers/servers.ts";
import { type BenchOptions, type BenchReport, Figures } from "./report.ts";

const OWN = "pixel";

/** Some are so much slower than the others that less work says as much about them. */
const FEWER = { celery: 4_000, "graphile-worker (defaults)": 20_000 };

/** One measurement: which case of the subjects' programs, with how many jobs. */
interface Measure {
  /** Its name in the report. */
  metric: string;
  case: string;
  count: number;
  /** How many instead for a subject whose name begins so; 0 leaves it out. */
  fewer?: Record<string, number>;
  unit: string;
  /** Field of the program's answer and the metric's suffix, when there are several. */
  fields?: Record<string, string>;
}

const COMPARED: Measure[] = [
  {
    metric: "bulk enqueue",
    case: "bulk",
    count: 100_000,
    fewer: { celery: 5_000 },
    unit: "jobs/s",
  },
  {
    metric: "single enqueue x50",
    case: "single50",
    count: 50_000,
    fewer: { celery: 0, graphile: 10_000 },
    unit: "jobs/s",
  },
  { metric: "drain 100k c=100", case: "drain", count: 100_000, fewer: FEWER, unit: "jobs/s" },
  { metric: "end to end c=100", case: "e2e", count: 100_000, fewer: FEWER, unit: "jobs/s" },
  {
    metric: "add to start",
    case: "latency",
    count: 300,
    fewer: { celery: 0 },
    unit: "ms",
    fields: { p50: " p50", p95: " p95", p99: " p99" },
  },
];

/** A way to perform a case: starts what it needs and gives the program's answer. */
interface Subject {
  name: string;
  group: "pixel" | "bullmq" | "celery" | "graphile";
  run(measure: Measure, count: number): Promise<Record<string, number>>;
}

/** One case takes seconds; a program that hangs, or one of its children, must not hold the bench up. */
const limited = (command: string, args: string[], options?: Parameters<typeof output>[2]) =>
  output("timeout", ["--kill-after=5", "120", command, ...args], options);

const programOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function withServer(
  starting: Promise<Server>,
  run: (address: string) => Promise<string>,
): Promise<Record<string, number>> {
  await using server = await starting;
  return JSON.parse((await run(server.address)).split("\n").at(-1)!);
}

async function runOwn(
  name: string,
  count: number,
  env: Record<string, string> = {},
): Promise<Record<string, number>> {
  const folder = await Deno.makeTempDir({ prefix: "bench-pixel-" });
  try {
    const config = programOf("../deno.json");
    const program = programOf("./jobs/subject.ts");
    const args = ["run", "--no-check", "--allow-all", "--config", config, program];
    const text = await limited(Deno.execPath(), [...args, name, String(count), folder], { env });
    return JSON.parse(text.split("\n").at(-1)!);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const node = (program: string, ...args: string[]) =>
  limited("node", [programOf(`./peers/${program}`), ...args], { cwd: PEERS_FOLDER });

const bullmq = (name: string, aof: "no" | "everysec"): Subject => ({
  name,
  group: "bullmq",
  run: (measure, count) =>
    withServer(startRedis(aof), (port) => node("bullmq.mjs", measure.case, String(count), port)),
});

const graphile = (tuning: "defaults" | "tuned"): Subject => ({
  name: `graphile-worker (${tuning})`,
  group: "graphile",
  run: (measure, count) =>
    withServer(
      startPostgres(),
      (url) => node("graphile_worker.mjs", measure.case, String(count), url, tuning),
    ),
});

const SUBJECTS: Subject[] = [
  { name: OWN, group: "pixel", run: (measure, count) => runOwn(measure.case, count) },
  bullmq("bullmq (no AOF)", "no"),
  bullmq("bullmq (AOF everysec)", "everysec"),
  graphile("defaults"),
  graphile("tuned"),
  {
    name: "celery",
    group: "celery",
    run: (measure, count) =>
      withServer(
        startRedis("no"),
        (port) =>
          limited(PYTHON, [programOf("./peers/celery_case.py"), measure.case, String(count), port]),
      ),
  },
];

const DURABILITY = {
  [OWN]: "SQLite WAL, synchronous=FULL: an fsync on every commit, history kept",
  "bullmq (no AOF)": "Redis in memory: nothing survives a crash",
  "bullmq (AOF everysec)": "up to a second is lost in a crash",
  "graphile-worker": "PostgreSQL, an fsync on every commit, no history of completed jobs",
  celery: "Redis in memory, results on, prefork 4",
};

/** Compares the engine with its peers, all subjects in turn within each round. */
export async function run(
  options: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const wanted = (metric: string) => !options.only || metric.includes(options.only);
  const chosen = SUBJECTS.filter(({ group }) => options.subjects?.includes(group) ?? true);
  const has = (group: Subject["group"]) => chosen.some((subject) => subject.group === group);
  const versions: Record<string, string> = { deno: Deno.version.deno };
  if (has("bullmq") || has("graphile")) Object.assign(versions, await installNodePeers());
  if (has("celery")) Object.assign(versions, await installCelery());
  if (has("bullmq") || has("celery")) versions.redis = await output("redis-server", ["--version"]);
  if (has("graphile")) versions.postgres = await output("psql", ["--version"]);
  for (const [name, text] of Object.entries(DURABILITY)) versions[`durability of ${name}`] = text;

  const figures = new Figures();
  const scaled = (count: number) => Math.max(100, Math.round(count * options.size));
  const take = async (
    measure: Measure,
    subject: string,
    count: number,
    answer: () => Promise<Record<string, number>>,
  ) => {
    let values: Record<string, number>;
    try {
      values = await answer();
    } catch (error) {
      if (subject === OWN) throw error;
      // A peer that fails once costs one of its figures, not everybody's.
      return options.tell(`${measure.metric}, ${subject}, failed: ${error}`);
    }
    const cpu = values["cpuUs"];
    if (cpu !== undefined) figures.add(`${measure.metric}, CPU a job`, subject, cpu, "µs");
    for (const [field, suffix] of Object.entries(measure.fields ?? { value: "" })) {
      figures.add(measure.metric + suffix, subject, values[field]!, measure.unit);
    }
    options.tell(`${measure.metric}, ${subject}, ${count} jobs: ${JSON.stringify(values)}`);
  };
  for (let round = 0; round < options.rounds; round++) {
    options.tell(`round ${round + 1} of ${options.rounds}`);
    for (const measure of COMPARED.filter(({ metric }) => wanted(metric))) {
      for (const subject of chosen) {
        const fewer = Object.entries(measure.fewer ?? {});
        const own = fewer.find(([name]) => subject.name.startsWith(name))?.[1] ?? measure.count;
        if (own === 0) continue;
        const count = scaled(own);
        await take(measure, subject.name, count, () => subject.run(measure, count));
      }
    }
    if (has("pixel")) await takeOwn(figures, options, wanted, scaled);
  }
  return { versions, rows: figures.rows(OWN) };
}

/** What only the engine is asked: a backlog of a million, and a disk whose fsync is slow. */
async function takeOwn(
  figures: Figures,
  { tell }: BenchOptions,
  wanted: (metric: string) => boolean,
  scaled: (count: number) => number,
): Promise<void> {
  const [many, few] = [scaled(1_000_000), scaled(10_000)];
  const metric = "throughput with 1M queued";
  if (wanted(metric) || wanted("RSS growth, 1M queued")) {
    const large = await runOwn("backlog", many);
    const small = await runOwn("backlog", few);
    tell(`${metric}: ${JSON.stringify({ large, small })}`);
    figures.add(metric, OWN, large["value"]!, "jobs/s");
    figures.add(metric, "pixel (10k queued)", small["value"]!, "jobs/s");
    figures.add("RSS growth, 1M queued", OWN, large["rssMb"]!, "MB");
  }
  const slow = "end to end c=100, fsync 5 ms slower";
  if (wanted(slow)) {
    const env = { LD_PRELOAD: await buildSlowFsync() };
    const { value } = await runOwn("e2e", scaled(50_000), env);
    tell(`${slow}: ${value}`);
    figures.add(slow, OWN, value!, "jobs/s");
  }
}
