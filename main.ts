/** The service: `deno task start`. */
import { onStopSignals, stopOnce } from "./lib/cli/stop_signals.ts";
import { readEnv } from "./lib/config/config.ts";
import { platformOf } from "./lib/config/platform.ts";
import { AppError, messageOf } from "./lib/errors.ts";
import { ConfigError, type RunningService, startService } from "./service.ts";

async function main(env: Record<string, string>): Promise<void> {
  const started = Promise.withResolvers<RunningService>();
  // Deno Deploy looks for its one cron at the top of the program, before anything is awaited.
  if (!platformOf(env).longRunning) {
    Deno.cron("work", "* * * * *", { backoffSchedule: [1_000, 5_000] }, async () => {
      await (await started.promise).tick?.();
    });
  }
  const stop = stopOnce(async (code: number) => {
    await (await started.promise).stop();
    Deno.exit(code);
  });
  // Whoever asks while it starts has it end in good order as soon as it has started.
  onStopSignals(() => stop(0));
  let service: RunningService;
  try {
    service = await startService(env, Deno.stdout.isTerminal());
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof AppError;
    console.error(expected ? `pixel: ${messageOf(error)}` : error);
    Deno.exit(1);
  }
  started.resolve(service);
  service.lost.then(() => stop(1));
  service.stopAsked.then(() => stop(0));
}

const env = readEnv();
// Deno Deploy may load its entry point from a program of its own.
if (import.meta.main || !platformOf(env).longRunning) await main(env);

export { startService } from "./service.ts";
