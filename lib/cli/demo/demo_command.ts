import { Command, InvalidArgumentError } from "commander";
import type { CliContext } from "../context.ts";
import { type DemoPorts, runDemo } from "./demo.ts";

const DEFAULT_PORT = 8002;

/** `demo`: the complete service with data and traffic that are made up. */
export function demoCommand(context: CliContext, ports: DemoPorts): Command {
  return new Command("demo")
    .description("Runs the complete service on made-up data, apart from any real one.")
    .option("--port <number>", "to serve on; another one where it is taken", port, DEFAULT_PORT)
    .option("--seed <number>", "what the made-up data starts from", wholeNumber, 1)
    .option("--days <count>", "of history", wholeNumber, 91)
    .addHelpText(
      "after",
      `
Everything lies in a temporary folder that is deleted when you press Ctrl-C. It prints the address of
a page that kills the service, and Redis where redis-server is installed, and tells what was lost.

Example:
  deno task demo`,
    )
    .action(async (flags: { port: number; seed: number; days: number }) => {
      await runDemo(context, ports, flags);
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("must be a number");
  return value;
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError("must be at most 65535");
  return value;
}
