import { freePort } from "../../tests/support/ports.ts";
import { output, PEERS_FOLDER } from "../peers/install.ts";
import { end, startRedis, startServer } from "../peers/servers.ts";
import { Connections, requestText } from "./connections.ts";
import {
  BOT,
  BOT_ID,
  nextQuestion,
  portOf,
  type Responder,
  type Subject,
  TURNS_AT_ONCE,
} from "./subject.ts";

const VENV = `${PEERS_FOLDER}/turns-venv`;
const PYTHON = `${VENV}/bin/python`;
const PACKAGES = ["fastapi", "uvicorn[standard]", "celery[redis]", "httpx", "scikit-learn"];

/** Installs what is missing into a virtual environment; gives the versions. */
export async function installPython(): Promise<Record<string, string>> {
  await Deno.mkdir(PEERS_FOLDER, { recursive: true });
  if (!await Deno.stat(`${VENV}/bin/celery`).catch(() => null)) {
    await output("python3", ["-m", "venv", VENV]);
    await output(PYTHON, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  }
  const script = "import celery, fastapi, sklearn, platform;" +
    "print(fastapi.__version__, celery.__version__, sklearn.__version__, platform.python_version())";
  const [fastapi, celery, sklearn, python] = (await output(PYTHON, ["-c", script])).split(" ");
  return { fastapi: fastapi!, celery: celery!, "scikit-learn": sklearn!, python: python! };
}

/**
 * uvicorn with one process, a Celery worker (64 threads for the model, two processes for the
 * classifier), and Redis that flushes its log each second.
 */
export async function startCelery(responder: Responder, model: string | null): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis("everysec"));
  const token = `bench-${crypto.randomUUID()}`;
  const bot = await Deno.makeTempFile({ prefix: "bench-bot-", suffix: ".json" });
  stack.defer(() => Deno.remove(bot));
  await Deno.writeTextFile(bot, JSON.stringify(BOT));
  const options = {
    cwd: new URL("./", import.meta.url),
    env: {
      BENCH_REDIS: redis.address,
      BENCH_TOKEN: token,
      BENCH_BOT: bot,
      PYTHONDONTWRITEBYTECODE: "1",
      ...(model ? { BENCH_MODEL: model } : {}),
    },
  };
  const pool = responder === "model"
    ? ["--pool=threads", `--concurrency=${TURNS_AT_ONCE}`]
    : ["--pool=prefork", "--concurrency=2"];
  const worker = new Deno.Command(`${VENV}/bin/celery`, {
    ...options,
    args: [
      "-A",
      "fastapi_celery:celery",
      "worker",
      ...pool,
      "--loglevel=error",
      "--without-gossip",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  stack.defer(() => end(worker));
  const port = freePort();
  const app = ["-m", "uvicorn", "fastapi_celery:app", "--port", String(port)];
  // The load's connections rest between its levels; five seconds, the default, cut them off.
  const settings = ["--log-level", "warning", "--no-access-log", "--timeout-keep-alive", "300"];
  const server = stack.use(
    await startServer(port, "/healthz", PYTHON, [...app, ...settings], options),
  );
  const headers = { authorization: `Bearer ${token}` };
  const turn = (path: string, id: string, high: boolean) =>
    requestText("POST", path, headers, {
      conversation_id: id,
      user_message: nextQuestion(),
      bot_id: BOT_ID,
      priority: high ? "high" : "normal",
    });
  const subject: Omit<Subject, typeof Symbol.asyncDispose> = {
    name: "FastAPI + Celery",
    address: { hostname: "127.0.0.1", port: portOf(server) },
    pids: [server.pid, worker.pid, redis.pid!],
    folder: redis.folder,
    queue: (id, high = false) => turn("/queue", id, high),
    ask: (id, high = false) => turn("/ask", id, high),
    status: (id) => requestText("GET", `/status/${id}`, headers),
    answeredAt: (body) => JSON.parse(body).result?.ended_at ?? null,
    dashboard: [],
  };
  await workerReady(subject);
  const owned = stack.move();
  return { ...subject, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** The worker loads its classifier for seconds, and tells nobody when it is done: ask it. */
async function workerReady(
  { address, ask, answeredAt }: Omit<Subject, typeof Symbol.asyncDispose>,
) {
  await using connections = new Connections(address, 1);
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await connections.send(ask(`ready-${crypto.randomUUID()}`));
    if (answer?.status === 200 && answeredAt(answer.body) !== null) return;
  }
  throw new Error("the Celery worker answered nothing within 75 s");
}
