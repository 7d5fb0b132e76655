/**
 * The HTTP face beside the least that Hono on Deno.serve can answer, the same answer given by Hono
 * and a turn stored by Hono in Deno KV, and beside FastAPI with Celery doing the same job: wrk with
 * one thread and 64 connections, one subject after the other, several rounds. Then the dashboard's
 * pages, one request at a time. The service runs as `deno task start` runs it, with its rate limit
 * off.
 *
 *     deno task bench http --only page     the pages alone
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../tests/support/ports.ts";
import type { BareSetup } from "./http/hono.ts";
import { output, PEERS_FOLDER } from "./peers/install.ts";
import { measurePages, pagesFor } from "./http/pages.ts";
import { type HttpServer, startRedis, startServer } from "./peers/servers.ts";
import { startService } from "./service.ts";
import { type BenchOptions, type BenchReport, Figures } from "./report.ts";

const ROOT = new URL("../", import.meta.url);
const PREFIX = "/api/performance";
/** Of each load; five rounds and the one that warms up take about five minutes. */
const SECONDS = 4;
const PYTHON = `${PEERS_FOLDER}/http-venv/bin/python`;

interface Load {
  subject: string;
  metric: string;
  url: string;
  script: "get" | "queue";
  args: string[];
  /** Its queue of conversations works meanwhile; it is paused during all other loads. */
  working?: boolean;
}

const SUMMARY_PATH = `${PREFIX}/performance/summary`;
const HEALTHZ = "GET /healthz";
const SUMMARY = "GET /performance/summary";
const QUEUE_PAUSED = "POST /conversations/queue, paused";
const QUEUE_RUNNING = "POST /conversations/queue, running";

/** Requests a second, and times in milliseconds, of everything the options select. */
export async function run(options: BenchOptions): Promise<Pick<BenchReport, "versions" | "rows">> {
  const { only, subjects } = options;
  const figures = new Figures();
  const loads = [HEALTHZ, SUMMARY, QUEUE_PAUSED, QUEUE_RUNNING];
  const loaded = loads.some((metric) => !only || metric.includes(only));
  if (loaded) await measureLoads(options, figures);
  if (pagesFor(only).length > 0) await measurePages(options, figures);
  const withFastApi = loaded && (!subjects || subjects.includes("celery"));
  return { versions: await versions(withFastApi), rows: figures.rows("pixel") };
}

async function measureLoads(options: BenchOptions, figures: Figures): Promise<void> {
  const { rounds, size, only, tell } = options;
  const wants = (name: string) => !options.subjects || options.subjects.includes(name);
  await using stack = new AsyncDisposableStack();
  const pixel = stack.use(
    await startService({ RATE_LIMIT_PER_SECOND: "0", BACKLOG_LIMIT: "0", LOG_LEVEL: "warn" }),
  );
  const { token } = pixel;
  const hono = stack.use(await startHono(pixel.url + SUMMARY_PATH, token));
  const fastapi = wants("celery") ? stack.use(await startFastApi(token)) : null;
  const pause = (method: "PUT" | "DELETE") =>
    fetch(`${pixel.url}${PREFIX}/queues/conversations/pause`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    }).then((response) => response.body?.cancel());

  await pause("PUT");

  const queued = (metric: string, working = false): Load[] => [
    { subject: "bare Hono", metric, url: hono.url, script: "get", args: [] },
    ...(working ? [] : [{
      subject: "Hono, turn in Deno KV",
      metric,
      url: hono.url,
      script: "queue" as const,
      args: ["/queue", token],
    }]),
    {
      subject: "pixel",
      metric,
      url: pixel.url,
      script: "queue",
      args: [`${PREFIX}/conversations/queue`, token],
      working,
    },
    ...(fastapi
      ? [{
        subject: "FastAPI + Celery",
        metric,
        url: fastapi.url,
        script: "queue" as const,
        args: ["/queue", token],
      }]
      : []),
  ];
  const read = (metric: string, path: string, args: string[]): Load[] => [
    { subject: "bare Hono", metric, url: hono.url, script: "get", args: [] },
    { subject: "pixel", metric, url: pixel.url + path, script: "get", args },
  ];
  const all: Load[] = [
    ...read(HEALTHZ, "/healthz", []),
    {
      subject: "Hono, same answer",
      metric: SUMMARY,
      url: `${hono.url}/same`,
      script: "get",
      args: [token],
    },
    ...read(SUMMARY, SUMMARY_PATH, [token]),
    ...queued(QUEUE_PAUSED),
    ...queued(QUEUE_RUNNING, true),
  ];
  const loads = all.filter(({ metric }) => !only || metric.includes(only));

  // The first round warms everything up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const load of loads) {
      if (load.working) await pause("DELETE");
      const taken = await wrk(load, Math.max(1, Math.round(SECONDS * size)), String(Date.now()));
      if (load.working) await pause("PUT");
      tell(`round ${round}: ${load.metric}, ${load.subject}: ${Math.round(taken.rate)}/s`);
      if (round === 0) continue;
      figures.add(load.metric, load.subject, taken.rate, "requests/s");
      figures.add(`${load.metric}, p50`, load.subject, taken.p50, "ms");
      figures.add(`${load.metric}, p99`, load.subject, taken.p99, "ms");
    }
  }
}

/** One load of so many seconds. Throws when any answer was no success. */
async function wrk({ url, script, args }: Load, seconds: number, name: string) {
  const file = fileURLToPath(new URL(`./http/${script}.lua`, import.meta.url));
  const own = script === "queue" ? [...args, name] : args;
  const text = await output("wrk", [
    ...["-t1", "-c64", `-d${seconds}s`, "--timeout", "10s", "-s", file, url, "--"],
    ...own,
  ]);
  const found = /^RESULT (\S+) (\S+) (\S+) (\d+)$/m.exec(text);
  if (!found) throw new Error(`wrk told no result:\n${text}`);
  const [rate, p50, p99, errors] = found.slice(1).map(Number) as [number, number, number, number];
  if (errors > 0) throw new Error(`${url}: ${errors} answers were no success`);
  return { rate, p50, p99 };
}

async function startHono(summary: string, token: string): Promise<HttpServer> {
  const response = await fetch(summary, { headers: { authorization: `Bearer ${token}` } });
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "bench-hono-" });
  const setup: BareSetup = {
    port,
    token,
    answer: { body: await response.text(), headers: sent(response.headers) },
    database: `${folder}/kv.sqlite`,
  };
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const file = fileURLToPath(new URL("./http/hono.ts", import.meta.url));
  const server = stack.use(
    await startServer(port, "/", Deno.execPath(), ["run", "--allow-all", "--unstable-kv", file], {
      cwd: ROOT,
      env: { BENCH_SETUP: JSON.stringify(setup) },
    }),
  );
  const rest = stack.move();
  return { ...server, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** Headers that a program sets; the others are the server's own. */
function sent(headers: Headers): Record<string, string> {
  const all = Object.fromEntries(headers);
  for (const name of ["date", "content-length", "vary"]) delete all[name];
  return all;
}

async function startFastApi(token: string): Promise<Pick<HttpServer, "url"> & AsyncDisposable> {
  if (!await Deno.stat(PYTHON).catch(() => null)) {
    await Deno.mkdir(PEERS_FOLDER, { recursive: true });
    await output("python3", ["-m", "venv", `${PEERS_FOLDER}/http-venv`]);
    const packages = ["fastapi", "uvicorn[standard]", "celery[redis]"];
    await output(PYTHON, ["-m", "pip", "install", "--quiet", ...packages]);
  }
  const redis = await startRedis("no");
  const port = freePort();
  const app = ["-m", "uvicorn", "fastapi_celery:app", "--port", String(port)];
  const server = await startServer(
    port,
    "/healthz",
    PYTHON,
    [...app, "--log-level", "warning", "--no-access-log"],
    {
      cwd: new URL("./http/", import.meta.url),
      env: { BENCH_PORT: redis.address, BENCH_TOKEN: token, PYTHONDONTWRITEBYTECODE: "1" },
    },
  );
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function versions(withFastApi: boolean): Promise<Record<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  // wrk prints its version only together with an error.
  const wrk = await new Deno.Command("wrk", { args: ["-v"], stdin: "null" }).output();
  const said = new TextDecoder().decode(wrk.stdout) + new TextDecoder().decode(wrk.stderr);
  const found: Record<string, string> = {
    deno: Deno.version.deno,
    hono: imports["hono"].split("@").at(-1),
    wrk: /wrk (\S+)/.exec(said)?.[1] ?? "?",
  };
  if (withFastApi) {
    const script = "import celery, fastapi, uvicorn, platform;" +
      "print(fastapi.__version__, celery.__version__, uvicorn.__version__, platform.python_version())";
    const [fastapi, celery, uvicorn, python] = (await output(PYTHON, ["-c", script])).split(" ");
    Object.assign(found, { fastapi, celery, uvicorn, python });
  }
  return found;
}
