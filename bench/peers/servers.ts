import { freePort } from "../../tests/support/ports.ts";
import { output } from "./install.ts";

/** A server that a peer needs, in a folder of its own, for one case. */
export interface Server extends AsyncDisposable {
  /** A port for Redis, a connection string for PostgreSQL. */
  readonly address: string;
  /** Where it keeps its data. */
  readonly folder: string;
  readonly pid: number | null;
}

/** A program that answers HTTP at `url`. */
export interface HttpServer extends AsyncDisposable {
  url: string;
  pid: number;
}

/** Starts a process and waits until it answers on the port; disposing of it ends it. */
export async function startServer(
  port: number,
  path: string,
  command: string,
  args: string[],
  options: Omit<Deno.CommandOptions, "args">,
): Promise<HttpServer> {
  const process = new Deno.Command(command, {
    ...options,
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const server: HttpServer = {
    url,
    pid: process.pid,
    [Symbol.asyncDispose]: () => end(process),
  };
  for (let attempt = 0; attempt < 600; attempt++) {
    const response = await fetch(url + path).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return server;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await end(process);
  throw new Error(`${command} ${args.join(" ")} did not answer within 60 s`);
}

const END_MS = 30_000;

/** Asks a process to end, and makes it end when it does not within 30 s. */
export async function end(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGTERM");
  } catch {
    return; // It has ended already.
  }
  const timer = setTimeout(() => process.kill("SIGKILL"), END_MS);
  await process.status;
  clearTimeout(timer);
}

async function until(works: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await works();
      return;
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** Redis without persistence, or with its log flushed each second. */
export async function startRedis(aof: "no" | "everysec"): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "bench-redis-" });
  const port = String(freePort());
  const durability = aof === "no" ? [] : ["--appendonly", "yes", "--appendfsync", aof];
  const process = new Deno.Command("redis-server", {
    args: ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...durability],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(() => output("redis-cli", ["-p", port, "ping"]));
  return {
    address: port,
    folder,
    pid: process.pid,
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const POSTGRES = "/usr/lib/postgresql/15/bin";

/** PostgreSQL as Debian configures it: fsync and synchronous_commit on. It does not run as root. */
export async function startPostgres(): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "bench-postgres-" });
  const port = String(freePort());
  const asUser = Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  const run = (program: string, ...args: string[]) => {
    const [command, ...rest] = [...asUser, `${POSTGRES}/${program}`, ...args];
    // A server that goes on must not hold the pipes open.
    return output("sh", ["-c", `cd / && "$0" "$@" > ${folder}/log 2>&1`, command!, ...rest]);
  };
  if (asUser.length > 0) {
    await output("chown", ["postgres", folder]);
  }
  const data = `${folder}/data`;
  await output("sh", ["-c", `touch ${folder}/log && chmod 666 ${folder}/log`]);
  await run("initdb", "-D", data, "-A", "trust", "-U", "postgres");
  await run("pg_ctl", "-D", data, "-w", "-o", `-p ${port} -k ${folder}`, "start");
  return {
    address: `postgres://postgres@127.0.0.1:${port}/postgres`,
    folder,
    pid: null,
    async [Symbol.asyncDispose]() {
      await run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop");
      await Deno.remove(folder, { recursive: true });
    },
  };
}
