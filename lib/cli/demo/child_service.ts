import { sleep } from "../../clock.ts";
import { CliError } from "../context.ts";

/** A service in a process of its own, which can be killed without a word and started again. */
export interface ChildService {
  /** Its address, without a path. */
  url: string;
  /** Ends it as a power cut would, with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has; kills it where that takes too long. */
  stop(): Promise<void>;
}

/** Starts a service of its own process with these variables; resolves when it can serve. */
export type StartChild = (env: Record<string, string>) => Promise<ChildService>;

const READY_MS = 120_000;
const STOP_MS = 20_000;
const POLL_MS = 50;
/** What a Deno process needs of its surroundings; nothing that configures the service. */
const PASSED_ON = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "TEMP", "SystemRoot", "LOCALAPPDATA"];

/**
 * Starts the service as `deno task start` would, with the permissions that this task has and no
 * others. `root` is the project's folder; `env.PORT` must be a free port of this machine.
 */
export async function startChild(
  root: URL,
  surroundings: Record<string, string | undefined>,
  env: Record<string, string>,
): Promise<ChildService> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const [, ...args] = (tasks.start as string).split(" ");
  const passed = PASSED_ON.flatMap((name) =>
    surroundings[name] ? [[name, surroundings[name]]] : []
  );
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    clearEnv: true,
    env: { ...Object.fromEntries(passed), ...env },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  const end = (signal: "SIGTERM" | "SIGKILL") => {
    if (!ended) child.kill(signal);
  };
  const url = `http://127.0.0.1:${env.PORT}`;
  const deadline = performance.now() + READY_MS;
  while (!await isReady(url)) {
    if (ended) throw new CliError("the service did not start; see above for why");
    if (performance.now() > deadline) {
      end("SIGKILL");
      throw new CliError("the service took too long to start");
    }
    await sleep(POLL_MS);
  }
  return {
    url,
    async kill() {
      end("SIGKILL");
      await child.status;
    },
    async stop() {
      const timer = setTimeout(() => end("SIGKILL"), STOP_MS);
      end("SIGTERM");
      await child.status;
      clearTimeout(timer);
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
