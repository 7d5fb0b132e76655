import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { sleep } from "../clock.ts";
import { lockHolder } from "../kv/data_lock.ts";
import { type ApiClient, Unreachable } from "./api_client.ts";
import { connect } from "./connect.ts";
import { type CliContext, CliError } from "./context.ts";
import { configOf } from "./stopped_database.ts";

const POLL_MS = 50;
const READY_MS = 60_000;
const ASK_MS = 5_000;

/** Where a detached service logs when LOG_FILE does not say otherwise. */
export function logFileOf(context: CliContext): string {
  const { log, dataDir } = configOf(context);
  return log.file ?? join(dataDir, "logs", "pixel.log");
}

/** What runs a detached service: the program and its arguments. */
export type ServiceCommand = readonly [program: string, ...args: string[]];

/**
 * Starts the service as a process of its own that outlives this one, and waits until it is ready.
 * Throws CliError with what it said when it ends before.
 */
export async function startDetached(
  context: CliContext,
  [program, ...args]: ServiceCommand,
): Promise<{ pid: number; url: string; log: string }> {
  const { dataDir } = configOf(context);
  const holder = await lockHolder(dataDir);
  if (holder) throw new CliError(`process ${holder.pid ?? "?"} already uses DATA_DIR ${dataDir}`);
  const log = resolve(logFileOf(context));
  const printed = join(resolve(dataDir), "logs", "pixel.out");
  await Deno.mkdir(join(dataDir, "logs"), { recursive: true, mode: 0o700 });
  const from = (await Deno.stat(log).catch(() => null))?.size ?? 0;
  // What the runtime itself says, such as a panic, is in no log: it gets a file that starts anew.
  const out = openSync(printed, "w", 0o600);
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", out, out],
    env: { ...context.env, LOG_FILE: log, LOG_FORMAT: "json", NO_COLOR: "1" } as NodeJS.ProcessEnv,
  });
  closeSync(out);
  let ended = false;
  child.once("exit", () => ended = true);
  child.once("error", () => ended = true);
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const url = await readyLine(log, from);
    if (url && child.pid) {
      child.unref();
      return { pid: child.pid, url, log };
    }
    if (ended || performance.now() > deadline) {
      const said = (await Deno.readTextFile(printed).catch(() => "")).trim().slice(-2_000);
      throw new CliError(`the service did not start: ${said || `see ${log}`}`);
    }
    await sleep(POLL_MS, context.signal);
  }
}

/** The address in the line that a service logs when it is ready, past `from` bytes. */
async function readyLine(log: string, from: number): Promise<string | null> {
  const text = await Deno.readFile(log).then(
    (bytes) => new TextDecoder().decode(bytes.subarray(bytes.length >= from ? from : 0)),
    () => "",
  );
  const line = text.split("\n").find((line) => line.includes('"message":"ready"'));
  return line ? (JSON.parse(line) as { url: string }).url : null;
}

/** How a service was stopped; null when none ran. */
export interface Stopped {
  by: "api" | "signal";
  pid: number | null;
}

/**
 * Stops the service and waits for its end: over the API, and where that does not answer by SIGTERM
 * to the process that holds the lock on DATA_DIR. Throws CliError when it has not ended in time.
 */
export async function stopService(
  context: CliContext,
  flags: { url?: string },
  timeoutMs: number,
): Promise<Stopped | null> {
  const { dataDir, kvUrl } = configOf(context);
  const holder = async () => kvUrl ? null : await lockHolder(dataDir);
  // Letting go, a process unsays its name before it unlocks: then it is still the one.
  const holds = async (pid: number) => {
    const now = await holder();
    return now !== null && (now.pid === pid || now.pid === null);
  };
  const deadline = performance.now() + timeoutMs;
  const asked = await askToStop(context, flags);
  if (asked) {
    const { api, pid } = asked;
    const local = (await holder())?.pid === pid;
    while (await answers(api) || (local && await holds(pid))) {
      await pause(context, deadline, pid);
    }
    return { by: "api", pid };
  }
  const found = await holder();
  if (!found) return null;
  if (found.pid === null) {
    throw new CliError(`DATA_DIR ${dataDir} is in use, but its lock does not say by which process`);
  }
  // The lock proves that this very process is alive: no other can have taken its number.
  signal(found.pid);
  while (await holds(found.pid)) await pause(context, deadline, found.pid);
  return { by: "signal", pid: found.pid };
}

async function pause(context: CliContext, deadline: number, pid: number): Promise<void> {
  if (performance.now() > deadline) {
    throw new CliError(
      `process ${pid} is still stopping; wait for it, or end it by kill -KILL ${pid}`,
    );
  }
  await sleep(POLL_MS, context.signal);
}

/** Null where there is no service to ask, or no token to ask it with. */
async function askToStop(
  context: CliContext,
  flags: { url?: string },
): Promise<{ api: ApiClient; pid: number } | null> {
  const remote = flags.url || context.env.PIXEL_URL;
  try {
    const api = await connect(context.env, flags);
    const { pid } = await api.request<{ pid: number }>("POST", "/service/stop", {
      timeoutMs: ASK_MS,
    });
    return { api, pid };
  } catch (error) {
    // A service elsewhere has no lock here to go by.
    if (remote || !(error instanceof CliError)) throw error;
    return null;
  }
}

async function answers(api: ApiClient): Promise<boolean> {
  try {
    await api.request("GET", "/queues", { timeoutMs: ASK_MS });
    return true;
  } catch (error) {
    return !(error instanceof Unreachable);
  }
}

function signal(pid: number): void {
  const { success, stderr } = new Deno.Command("kill", { args: ["-TERM", String(pid)] })
    .outputSync();
  if (!success) {
    throw new CliError(`process ${pid} cannot be signalled: ${new TextDecoder().decode(stderr)}`);
  }
}
