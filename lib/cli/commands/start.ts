import { Command, Option } from "commander";
import { type Cli, type CommonFlags, print } from "../cli.ts";
import type { CliContext } from "../context.ts";
import { type ServiceCommand, startDetached, stopService } from "../service_process.ts";
import { seconds } from "./options.ts";

/** A service that runs inside this process. */
export interface RunningService {
  /** Its address, without a path. */
  url: string;
  /** Resolves when somebody asked over the API that it stops. */
  stopAsked: Promise<void>;
  /** Ends it: everything under way is finished or released, everything open is closed. */
  stop(): Promise<void>;
}

/** Starts the complete service with these environment variables and no others. */
export type StartService = (env: Record<string, string>) => Promise<RunningService>;

const ROLES = ["all", "web", "worker", "scheduler"];

/** What starting a service takes from the layer above. */
export interface StartPorts {
  /** Starts the whole service inside this process. */
  startService: StartService;
  /** What starts it as a process of its own. */
  serviceCommand: () => ServiceCommand;
}

interface StartFlags extends CommonFlags {
  detach: boolean;
  role?: string;
}

/** `start`: the service, in the foreground or as a process of its own. */
export function startCommand(cli: Cli, ports: StartPorts): Command {
  return new Command("start")
    .description("Runs the service until Ctrl-C, or with --detach until `stop`.")
    .option("--detach", "as a process of its own, logging to a file", false)
    .addOption(roleOption())
    .addHelpText(
      "after",
      `
A detached service logs to LOG_FILE, by default DATA_DIR/logs/pixel.log, which is turned over as it
grows. Roles other than all need KV_URL, a database that several processes share.

Examples:
  deno task pixel start
  deno task pixel start --detach`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<StartFlags>();
      const env = { ...cli.context.env, ...(flags.role ? { ROLE: flags.role } : {}) };
      if (flags.detach) await detached(cli, { ...cli.context, env }, flags, ports);
      else await foreground(cli, env, ports);
    });
}

/** `stop`: ends the service in good order. */
export function stopCommand(cli: Cli): Command {
  return new Command("stop")
    .description("Stops the service in good order and waits for its end.")
    .addOption(timeoutOption())
    .addHelpText(
      "after",
      `
It is asked over the API. Where that does not answer, the process that holds the lock on DATA_DIR is
signalled. The exit code is 1 when it has not ended in time.

Example:
  deno task pixel stop --timeout 60`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { timeout: number }>();
      const stopped = await stopService(cli.context, flags, flags.timeout * 1_000);
      print(
        cli,
        flags,
        { stopped: stopped !== null, ...stopped },
        () => stopped ? `process ${stopped.pid} has stopped\n` : "no service is running\n",
      );
    });
}

/** `restart`: stop where one runs, then start detached. */
export function restartCommand(cli: Cli, ports: StartPorts): Command {
  return new Command("restart")
    .description("Stops the service where one runs, and starts it as a process of its own.")
    .addOption(timeoutOption())
    .addOption(roleOption())
    .addHelpText("after", "\nExample:\n  deno task pixel restart")
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<StartFlags & { timeout: number }>();
      await stopService(cli.context, flags, flags.timeout * 1_000);
      const env = { ...cli.context.env, ...(flags.role ? { ROLE: flags.role } : {}) };
      await detached(cli, { ...cli.context, env }, flags, ports);
    });
}

/** `worker QUEUE`: works off one queue of a shared database, in the foreground. */
export function workerCommand(cli: Cli, ports: StartPorts): Command {
  return new Command("worker")
    .description("Works off one queue of a shared database until Ctrl-C.")
    .argument("<queue>", "by name")
    .argument("[concurrency]", "tasks at the same time")
    .addHelpText(
      "after",
      `
It needs KV_URL, a database that several processes share. It answers HTTP on PORT, any free one
when that is not set.

Example:
  KV_URL=https://kv.internal:4512 deno task pixel worker conversations 16`,
    )
    .action(async (queue: string, concurrency: string | undefined) => {
      const { env } = cli.context;
      await foreground(cli, {
        ...env,
        PORT: env.PORT || "0",
        ROLE: "worker",
        WORK_QUEUES: queue,
        ...(concurrency === undefined ? {} : { [concurrencyVariable(queue)]: concurrency }),
      }, ports);
    });
}

const NAMED = ["conversations", "analytics", "notifications", "maintenance"];

function concurrencyVariable(queue: string): string {
  return `CONCURRENCY_${(NAMED.includes(queue) ? queue : "default").toUpperCase()}`;
}

const roleOption = () => new Option("--role <role>", "what the process does").choices(ROLES);
const timeoutOption = () =>
  new Option("--timeout <seconds>", "longest wait for its end").default(40).argParser(seconds);

async function detached(
  cli: Cli,
  context: CliContext,
  flags: CommonFlags,
  { serviceCommand }: StartPorts,
): Promise<void> {
  const { pid, url, log } = await startDetached(context, serviceCommand());
  print(
    cli,
    flags,
    { pid, url, log },
    () => `process ${pid} serves ${url}\nits log is ${log}\n`,
  );
}

async function foreground(
  { context }: Cli,
  env: CliContext["env"],
  { startService }: StartPorts,
): Promise<void> {
  const set = Object.entries(env)
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const service = await startService(Object.fromEntries(set));
  context.out(`The dashboard is on ${service.url}\n`);
  await Promise.race([
    service.stopAsked,
    new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  ]);
  await service.stop();
}
