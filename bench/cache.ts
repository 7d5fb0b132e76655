/**
 * The cache beside bare clients and other caches: client CPU of every operation, throughput, memory,
 * stampedes, outages, staleness and clearing. `deno task bench cache [--json]`.
 */
import { RedisServer } from "../tests/support/redis.ts";
import { SubjectProcess } from "./cache/process.ts";
import { type BenchOptions, type BenchReport, Figures, type Row } from "./report.ts";

const OWN = "pixel";
const CLIENTS = ["ioredis", "node-redis"];
const CACHES = ["bentocache", "cache-manager"];
const STAMPEDE = "factory calls 4 × 50 on a cold key";
/** Faults take their time with peers that wait for them. */
const FAULT_ROUNDS = 3;

interface Measure {
  metric: string;
  subjects: string[];
  options: { case: string } & Record<string, unknown>;
  /** Field of the answer, the figure's name and unit. */
  figures: [field: string, suffix: string, unit: string][];
  /** At most so many, where one takes long. */
  rounds?: number;
}

const hit = (callers: number, bytes: number, count: number, name: string): Measure => ({
  metric: `in-process hit ${name}`,
  subjects: [OWN, ...CACHES, "ioredis"],
  options: { case: "hit", inProcess: true, callers, bytes, count },
  figures: [["cpuMicros", "CPU", "µs"]],
});
const throughput = (callers: number, suffix: string, count: number): Measure => ({
  metric: `in-process hit throughput 1 KB${suffix}`,
  subjects: [OWN, "ioredis", "bentocache"],
  options: { case: "hit", inProcess: true, callers, bytes: 1_000, count },
  figures: [["perSecond", "", "calls/s"]],
});
const redis = (operation: string, callers: number, count: number): Measure => ({
  metric: `Redis ${operation === "hit" ? "get" : operation} 1 KB c=${callers}`,
  subjects: [OWN, ...CLIENTS, ...CACHES],
  options: { case: operation, inProcess: false, callers, bytes: 1_000, count },
  figures: [["cpuMicros", "CPU", "µs"], ["perSecond", "throughput", "calls/s"]],
});

const MEASURES: Measure[] = [
  throughput(1, "", 40_000),
  throughput(64, " c=64", 120_000),
  hit(1, 1_000, 40_000, "1 KB"),
  hit(1, 100_000, 20_000, "100 KB"),
  redis("hit", 64, 60_000),
  redis("hit", 1, 12_000),
  redis("set", 64, 60_000),
  redis("set", 1, 12_000),
  {
    metric: "memory in Redis 20 KB",
    subjects: [OWN, "ioredis", "bentocache"],
    options: { case: "memory", bytes: 20_000 },
    figures: [["bytes", "", "B"]],
  },
  {
    metric: "clear a namespace of 1M keys",
    subjects: [OWN, "ioredis"],
    options: { case: "clear", count: 1_000_000 },
    rounds: 2,
    figures: [["ms", "", "ms"], ["othersP99", "others' p99", "ms"]],
  },
];

/** No round is begun that would end later than this. */
const BUDGET_MS = 540_000;

/**
 * Runs all measures round by round, subjects alternating within each, as many rounds as are asked
 * for and fit into nine minutes.
 */
export async function run(
  options: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const figures = new Figures();
  const wanted = (metric: string) => options.only === undefined || metric.includes(options.only);
  const taking = (subjects: string[]) =>
    subjects.filter((name) => !options.subjects || options.subjects.includes(name));
  await using server = await RedisServer.start();
  const processes = new Map<string, SubjectProcess>();
  const measureOnce = async (measure: Measure, name: string) => {
    // A cache with copies hears of every write, which is no part of what the others' calls cost.
    const place = `${name} ${measure.options.inProcess ?? measure.options.case}`;
    let subject = processes.get(place);
    if (!subject) processes.set(place, subject = await SubjectProcess.start(name, server.url));
    try {
      const answer = await subject.run(sized(measure.options, options.size));
      for (const [field, suffix, unit] of measure.figures) {
        figures.add(`${measure.metric} ${suffix}`.trim(), name, answer[field]!, unit);
      }
    } catch (error) {
      processes.delete(place);
      await subject[Symbol.asyncDispose]();
      throw error;
    }
  };
  /** What fails leaves the others worth measuring; what is missing is seen to be missing. */
  const attempt = async (what: string, work: () => Promise<void>) => {
    options.tell(what);
    await work().catch((error) => options.tell(`  no figure: ${error.message ?? error}`));
  };
  const round = async (number: number) => {
    for (const measure of MEASURES.filter(({ metric }) => wanted(metric))) {
      if (number > (measure.rounds ?? Infinity)) continue;
      for (const name of taking(measure.subjects)) {
        await server.call("FLUSHALL", "ASYNC");
        await attempt(`${measure.metric}, ${name}`, () => measureOnce(measure, name));
      }
    }
    if (number > FAULT_ROUNDS) return;
    for (const name of taking([OWN, ...CACHES])) {
      if (!wanted(STAMPEDE)) continue;
      await attempt(`${STAMPEDE}, ${name}`, () => stampede(name, figures));
    }
    for (const name of taking([OWN, "bentocache"])) {
      for (const drop of [false, true]) {
        const metric = drop ? "stale read after a dropped bus" : "stale read after a write";
        if (wanted(metric)) await attempt(`${metric}, ${name}`, () => stale(name, drop, figures));
      }
      for (const fault of ["killed", "hung"] as const) {
        const metric = `getOrSet while Redis is ${fault}`;
        if (!wanted(metric)) continue;
        await attempt(`${metric}, ${name}`, () => outage(metric, name, fault, figures));
      }
    }
  };
  try {
    const startedAt = performance.now();
    for (let number = 1, longest = 0; number <= options.rounds; number++) {
      const from = performance.now();
      if (from - startedAt + longest > BUDGET_MS) {
        options.tell(`no time for round ${number} of ${options.rounds}`);
        break;
      }
      options.tell(`round ${number} of ${options.rounds}`);
      await round(number);
      longest = Math.max(longest, performance.now() - from);
    }
  } finally {
    for (const subject of processes.values()) await subject[Symbol.asyncDispose]();
  }
  return { versions: await versions(server), rows: figures.rows(OWN).map(fewerIsBetter) };
}

/** Four processes with fifty callers each ask for one cold key at one moment. */
async function stampede(name: string, figures: Figures): Promise<void> {
  await using server = await RedisServer.start();
  const subjects = await Promise.all(
    Array.from({ length: 4 }, () => SubjectProcess.start(name, server.url)),
  );
  try {
    for (const subject of subjects) await subject.run({ case: "hit", ...WARM });
    const at = Date.now() + 300;
    const answers = await Promise.all(
      subjects.map((one) => one.run({ case: "stampede", key: "cold:k", callers: 50, at })),
    );
    const calls = answers.reduce((sum, { computed }) => sum + computed!, 0);
    figures.add(STAMPEDE, name, calls, "calls");
  } finally {
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
  }
}

/**
 * How long one process still reads its copy of the old value after another's write has finished,
 * and after a write behind the back of a connection that had just been cut.
 */
async function stale(name: string, drop: boolean, figures: Figures): Promise<void> {
  await using server = await RedisServer.start();
  await using reader = await SubjectProcess.start(name, server.url);
  await using writer = await SubjectProcess.start(name, server.url);
  const count = drop ? 20 : 200;
  await writer.run({ case: "write", key: "stale:k", value: 0 });
  const watching = reader.run<{ lastReadAt: number[] }>({ case: "watch", key: "stale:k", count });
  const writtenAt: number[] = [];
  for (let value = 1; value <= count; value++) {
    // Long enough for a copy to be there again.
    await new Promise((resolve) => setTimeout(resolve, drop ? 400 : 10));
    if (drop) await server.call("CLIENT", "KILL", "TYPE", "pubsub");
    writtenAt.push((await writer.run({ case: "write", key: "stale:k", value })).at!);
  }
  const { lastReadAt } = await watching;
  if (lastReadAt[count] === 0) throw new Error(`${name} never saw the last value`);
  const took = writtenAt.map((at, i) => Math.max(0, Math.max(...lastReadAt.slice(0, i + 1)) - at));
  const metric = drop ? "stale read after a dropped bus" : "stale read after a write";
  took.sort((a, b) => a - b);
  figures.add(`${metric} p99`, name, took[Math.ceil(count * 0.99) - 1]!, "ms");
}

const WARM = { inProcess: true, copy: 1, callers: 1, bytes: 100, count: 10 };

/** Whole getOrSets of cold keys after Redis has been killed or stopped. */
async function outage(
  metric: string,
  name: string,
  fault: "killed" | "hung",
  figures: Figures,
): Promise<void> {
  await using server = await RedisServer.start();
  await using subject = await SubjectProcess.start(name, server.url);
  await subject.run({ case: "hit", ...WARM });
  await subject.run({ case: "outage", count: 50, tag: "warm" });
  if (fault === "killed") await server.kill();
  else server.pause();
  const answer = await subject.run({ case: "outage", count: 200, tag: fault });
  figures.add(`${metric}, first`, name, answer.first!, "ms");
  figures.add(`${metric}, p99`, name, answer.p99!, "ms");
  figures.add(`${metric}, then, p99`, name, answer.then!, "ms");
}

/** Of bytes and calls, fewer are better: their ratios are the other way round. */
function fewerIsBetter(row: Row): Row {
  if (row.ratio === undefined || (row.unit !== "B" && row.unit !== "calls")) return row;
  return { ...row, ratio: Math.round(100 / row.ratio) / 100 };
}

function sized(options: Measure["options"], size: number): Measure["options"] {
  const { count } = options;
  return typeof count === "number"
    ? { ...options, count: Math.max(10, Math.round(count * size)) }
    : options;
}

async function versions(server: RedisServer): Promise<Record<string, string>> {
  const info = String(await server.call("INFO", "server"));
  const config = JSON.parse(
    await Deno.readTextFile(new URL("./cache/deno.json", import.meta.url)),
  ) as { imports: Record<string, string> };
  const peers = Object.entries(config.imports).map(([name, specifier]) => {
    return [name, specifier.slice(specifier.lastIndexOf("@") + 1)];
  });
  return {
    deno: Deno.version.deno,
    "redis-server": /redis_version:(\S+)/.exec(info)?.[1] ?? "?",
    ...Object.fromEntries(peers),
  };
}
