/**
 * `deno task soak --minutes 30 [--seed 1] [--json]`: mixed traffic with random faults against a
 * service of its own; reports memory slope, file growth, handles, latency drift, lost and doubled.
 * Ends with code 1 when a turn was lost or doubled, or a request failed as none should.
 */
import { parseArgs } from "node:util";
import { seededRandom } from "../lib/cli/demo/random.ts";
import { RedisServer } from "../tests/support/redis.ts";
import { TestService } from "../tests/support/service.ts";
import { apart, balance, type Point, quantile, slopeOf, type Span } from "./soak/figures.ts";
import { type Random, Traffic } from "./soak/traffic.ts";

const CLIENTS = 8;
const SAMPLE_MS = 5_000;
const MIB = 1024 ** 2;
/** Faults end the process only in this first share of the time, so that its memory can be watched. */
const KILLS_UNTIL = 0.4;
const DRAIN_MS = 120_000;
/** A fault is over when what had to wait for it is answered. */
const AFTER_FAULT_S = 1;

interface Sample {
  at: number;
  rss: number;
  handles: number;
  files: number;
  /** Processor time of this process of the service, and requests made so far. */
  cpuMs: number;
  requests: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 10_000)) {
  console.error("soak: --minutes must be a number above 0");
  Deno.exit(2);
}
Deno.exit(await soak(minutes * 60, Number(values.seed), values.json));

async function soak(seconds: number, seed: number, json: boolean): Promise<number> {
  const { next: random } = seededRandom(seed);
  await using redis = await RedisServer.start();
  await using service = await TestService.start({
    env: { REDIS_URL: redis.url, METRICS_OPEN: "true", RATE_LIMIT_PER_SECOND: "0" },
  });
  const startedAt = performance.now();
  const now = () => (performance.now() - startedAt) / 1_000;
  const traffic = new Traffic(service, random, startedAt);
  await traffic.start(CLIENTS);
  const samples: Sample[] = [];
  const faults: Record<string, number> = {};
  const disturbed: Span[] = [];
  let nextFault = seconds / 20;
  while (now() < seconds) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(SAMPLE_MS, seconds * 50)));
    if (now() > nextFault) {
      const from = now();
      const name = await fault(service, redis, random, now() < seconds * KILLS_UNTIL);
      disturbed.push({ from, to: now() + AFTER_FAULT_S });
      faults[name] = (faults[name] ?? 0) + 1;
      nextFault = now() + (0.5 + random()) * seconds / 20;
    }
    samples.push({ ...await sample(service, now()), requests: traffic.requests });
  }
  await traffic.stop();
  await drained(service);
  const account = balance(traffic.turns, await answersOf(service, traffic.turns.keys()));

  const steady = samples.filter((each) => each.at > seconds * (KILLS_UNTIL + 0.1));
  const of = (read: (sample: Sample) => number): Point[] =>
    steady.map((each) => ({ at: each.at, value: read(each) }));
  // What waited for a paused queue tells nothing about whether answers become slower.
  const quiet = apart(traffic.latencies, disturbed);
  const p95 = (from: number, to: number) =>
    quantile(
      quiet.filter(({ at }) => at >= seconds * from && at < seconds * to).map(({ ms }) => ms),
      0.95,
    );
  // What a busy machine does to answers it does not do to the processor time that they take.
  const cpuOf = (from: number, to: number) => {
    const within = steady.filter(({ at }) => at >= seconds * from && at < seconds * to);
    const [first, last] = [within[0], within.at(-1)];
    if (!first || !last || last.requests === first.requests) return null;
    return (last.cpuMs - first.cpuMs) / (last.requests - first.requests);
  };
  const memory = slopeOf(of((each) => each.rss / MIB));
  const files = slopeOf(of((each) => each.files / MIB));
  const report = {
    minutes: seconds / 60,
    seed,
    machine: `${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`,
    date: new Date().toISOString().slice(0, 10),
    requests: traffic.requests,
    faults,
    ...account,
    failed_requests: traffic.faults.length,
    rss_mib_last: round((samples.at(-1)?.rss ?? 0) / MIB),
    rss_mib_per_hour: round(memory.perHour),
    rss_uncertainty: round(memory.uncertainty),
    files_mib_last: round((samples.at(-1)?.files ?? 0) / MIB),
    files_mib_per_hour: round(files.perHour),
    handles_first: steady[0]?.handles ?? null,
    handles_last: steady.at(-1)?.handles ?? null,
    p95_ms_first: round(p95(KILLS_UNTIL + 0.1, 0.75)),
    p95_ms_last: round(p95(0.75, 1)),
    cpu_ms_a_request_first: round(cpuOf(KILLS_UNTIL + 0.1, 0.75)),
    cpu_ms_a_request_last: round(cpuOf(0.75, 1)),
    probes: traffic.latencies.length,
    probes_in_faults: traffic.latencies.length - quiet.length,
  };
  if (json) console.log(JSON.stringify(report));
  else for (const [name, value] of Object.entries(report)) print(name, value);
  for (const line of traffic.faults.slice(0, 10)) console.error(line);
  return account.lost + account.doubled + traffic.faults.length > 0 ? 1 : 0;
}

function print(name: string, value: unknown): void {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  console.log(`${name.replaceAll("_", " ").padEnd(20)} ${text}`);
}

/** Does something that happens to real services; gives its name. */
async function fault(
  service: TestService,
  redis: RedisServer,
  random: Random,
  mayKill: boolean,
): Promise<string> {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const faults: Record<string, () => Promise<unknown>> = {
    "redis hangs": async () => {
      redis.pause();
      await pause(500 + random() * 2_000);
      redis.resume();
    },
    "cache cleared": () => service.request("POST", "/cache/clear", {}),
    "queue paused": async () => {
      await service.request("PUT", "/queues/conversations/pause");
      await pause(1_000);
      await service.request("DELETE", "/queues/conversations/pause");
    },
    "clean-up": () => service.request("POST", "/maintenance/cleanup", {}),
    "backup": () => service.request("POST", "/schedules/backup-database/run"),
  };
  if (mayKill) {
    faults["killed"] = async () => {
      await service.kill();
      await service.restart();
    };
    faults["restarted"] = async () => {
      await service.stop();
      await service.restart();
    };
  }
  const names = Object.keys(faults);
  const name = names[Math.floor(random() * names.length)]!;
  await faults[name]!();
  return name;
}

async function sample(service: TestService, at: number): Promise<Omit<Sample, "requests">> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  const rss = figure("process_resident_memory_bytes");
  const cpuMs = figure("process_cpu_seconds_total") * 1_000;
  const handles = (await Array.fromAsync(Deno.readDir(`/proc/${service.pid}/fd`))).length;
  return { at, rss, handles, files: await bytesIn(service.dataDir), cpuMs };
}

/** Bytes of the files in a folder, backups left out: their number is the policy's. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isFile) continue;
    bytes += (await Deno.stat(`${folder}/${entry.name}`).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

/** Waits until no conversation is under way. */
async function drained(service: TestService): Promise<void> {
  type Body = { metrics: { status_breakdown: { pending: number; processing: number } } };
  for (const end = performance.now() + DRAIN_MS; performance.now() < end;) {
    const { body } = await service.request<Body>("GET", "/conversations/metrics");
    const { pending, processing } = body.metrics.status_breakdown;
    if (pending + processing === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function answersOf(
  service: TestService,
  ids: Iterable<string>,
): Promise<Map<string, number>> {
  type Body = { conversation: { messages: { role: string }[] } };
  const answers = new Map<string, number>();
  for (const id of ids) {
    const { status, body } = await service.request<Body>("GET", `/conversations/${id}`);
    if (status !== 200) continue;
    const { messages } = body.conversation;
    answers.set(id, messages.filter((message) => message.role === "assistant").length);
  }
  return answers;
}

function round(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Math.round(value * 100) / 100;
}
