/** The service: `deno task start`. */
import { readEnv } from "./lib/config/config.ts";
import { AppError, messageOf } from "./lib/errors.ts";
import { ConfigError, type RunningService, startService } from "./service.ts";

const FORCED = 130;

async function main(): Promise<void> {
  let service: RunningService;
  try {
    service = await startService(readEnv(), Deno.stdout.isTerminal());
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof AppError;
    console.error(expected ? `pixel: ${messageOf(error)}` : error);
    Deno.exit(1);
  }
  let stopping = false;
  const stop = async (code = 0) => {
    if (stopping) Deno.exit(FORCED); // asked twice: whoever asks has no patience left
    stopping = true;
    await service.stop();
    Deno.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop());
  service.lost.then(() => stop(1));
  service.stopAsked.then(() => stop());
}

if (import.meta.main) await main();

export { startService } from "./service.ts";
