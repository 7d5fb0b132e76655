import { Command } from "commander";
import type { ApiClient } from "./api_client.ts";
import { connect } from "./connect.ts";
import { type CliContext, printJson } from "./context.ts";
import { type Column, formatTable } from "./table.ts";

/** What every command is made with. */
export interface Cli {
  context: CliContext;
  /** Says how the command ended. */
  finish(exitCode: number): void;
}

/** Options that every command takes. */
export interface CommonFlags {
  url?: string;
  json?: boolean;
}

/**
 * The action of a command that asks the running service: connects, runs, and ends with the code
 * that `run` returns, 0 when it returns nothing.
 */
export function asking<F = object>(
  { context, finish }: Cli,
  run: (api: ApiClient, flags: F & CommonFlags, args: string[]) => Promise<number | void>,
): (...received: unknown[]) => Promise<void> {
  return async (...received) => {
    const command = received.at(-1) as Command;
    const flags = command.optsWithGlobals<F & CommonFlags>();
    const api = await connect(context.env, flags);
    finish(await run(api, flags, command.processedArgs.flat() as string[]) ?? 0);
  };
}

/** Prints an answer as JSON where that was asked for, otherwise as `text` says. */
export function print(
  { context }: Cli,
  flags: CommonFlags,
  answer: unknown,
  text: () => string,
): void {
  if (flags.json) printJson(context, answer);
  else context.out(text());
}

/** A table that fits the terminal, or the words for an empty one. */
export function tableOrNone(
  { context }: Cli,
  columns: Column[],
  rows: string[][],
  none: string,
): string {
  return rows.length === 0 ? `${none}\n` : formatTable(columns, rows, context.columns);
}

/** A column of numbers. */
export const numbers = (title: string): Column => ({ title, align: "right" });

/** A command that only holds others. */
export function group(name: string, description: string, commands: Command[]): Command {
  const command = new Command(name).description(description);
  for (const child of commands) command.addCommand(child);
  return command;
}
