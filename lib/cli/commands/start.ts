import { Command } from "commander";
import type { Cli } from "../cli.ts";
import type { StartService } from "../demo/demo.ts";

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
