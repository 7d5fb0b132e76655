import { Command } from "commander";
import type { Cli } from "../cli.ts";

/** A service that runs inside this process. */
export interface RunningService {
  /** Its address, without a path. */
  url: string;
  /** Ends it: everything under way is finished or released, everything open is closed. */
  stop(): Promise<void>;
}

/** Starts the complete service with these environment variables and no others. */
export type StartService = (env: Record<string, string>) => Promise<RunningService>;

/** `start`: the service in the foreground, with the variables of the surroundings. */
export function startCommand({ context }: Cli, startService: StartService): Command {
  return new Command("start")
    .description("Runs the service until Ctrl-C.")
    .action(async () => {
      const env = Object.entries(context.env)
        .filter((entry): entry is [string, string] => entry[1] !== undefined);
      const service = await startService(Object.fromEntries(env));
      context.out(`The dashboard is on ${service.url}\n`);
      await new Promise<void>((resolve) => {
        if (context.signal.aborted) resolve();
        context.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await service.stop();
    });
}
