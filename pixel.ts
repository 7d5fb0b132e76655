/** The command line behind `deno task pixel`, `import`, `replay` and `demo`. */
import { fileURLToPath } from "node:url";
import type { StartService } from "./lib/cli/commands/start.ts";
import { startChild } from "./lib/cli/demo/child_service.ts";
import { startDemoRedis } from "./lib/cli/demo/demo_redis.ts";
import type { ServiceCommand } from "./lib/cli/service_process.ts";
import { runCli } from "./lib/cli/program.ts";
import { onStopSignals, stopOnce } from "./lib/cli/stop_signals.ts";

const DEFAULT_COLUMNS = 100;
const encoder = new TextEncoder();

/** Starts the service as `deno task start` does, whatever the folder this is called from. */
function serviceCommand(): ServiceCommand {
  const config = fileURLToPath(new URL("./deno.json", import.meta.url));
  const { tasks } = JSON.parse(Deno.readTextFileSync(config)) as { tasks: { start: string } };
  const [program, run, ...rest] = tasks.start.split(/\s+/);
  const main = fileURLToPath(new URL(`./${rest.pop()}`, import.meta.url));
  return [program!, run!, "--quiet", `--config=${config}`, ...rest, main];
}

/** Loads the service only for the command that runs it, so that the others start at once. */
const startService: StartService = async (env) => {
  // Running programs is for `start --detach` and `stop`; the service itself never may.
  await Deno.permissions.revoke({ name: "run" });
  const main = await import(new URL("./main.ts", import.meta.url).href) as {
    startService: StartService;
  };
  return await main.startService(env);
};

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(to.writeSync(rest));
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}

if (import.meta.main) {
  const stop = new AbortController();
  onStopSignals(stopOnce(() => stop.abort(new Error("stopped by the user"))));
  const exitCode = await runCli(Deno.args, {
    env: Deno.env.toObject(),
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal(),
    columns: columns(),
    signal: stop.signal,
  }, {
    startService,
    serviceCommand,
    demo: {
      startChild: (env) => startChild(new URL("./", import.meta.url), Deno.env.toObject(), env),
      startRedis: startDemoRedis,
    },
  });
  Deno.exit(exitCode);
}
