import { output } from "./install.ts";

/** A server that a peer needs, in a folder of its own, for one case. */
export interface Server extends AsyncDisposable {
  /** A port for Redis, a connection string for PostgreSQL. */
  readonly address: string;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
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
    async [Symbol.asyncDispose]() {
      await run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop");
      await Deno.remove(folder, { recursive: true });
    },
  };
}
