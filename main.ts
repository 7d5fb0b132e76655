/** The service: `deno task start`. */
import { onStopSignals, stopOnce } from "./lib/cli/stop_signals.ts";
import { readEnv } from "./lib/config/config.ts";
import { AppError, messageOf } from "./lib/errors.ts";
import { ConfigError, type RunningService, startService } from "./service.ts";

async function main(): Promise<void> {
  let service: RunningService;
  try {
    service = await startService(readEnv(), Deno.stdout.isTerminal());
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof AppError;
    console.error(expected ? `pixel: ${messageOf(error)}` : error);
    Deno.exit(1);
  }
  const stop = stopOnce(async (code: number) => {
    await service.stop();
    Deno.exit(code);
  });
  onStopSignals(() => stop(0));
  service.lost.then(() => stop(1));
  service.stopAsked.then(() => stop(0));
}

if (import.meta.main) await main();

export { startService } from "./service.ts";
