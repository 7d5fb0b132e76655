import { Command, CommanderError } from "commander";
import { ConfigError } from "../config/config.ts";
import { AppError, messageOf } from "../errors.ts";
import { BucketError } from "../monitoring/bucket_answers.ts";
import { ApiProblem } from "./api_client.ts";
import type { Cli } from "./cli.ts";
import { backupCommand } from "./commands/backup.ts";
import { cacheCommand } from "./commands/cache.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { logsCommand } from "./commands/logs.ts";
import { monitorCommand } from "./commands/monitor.ts";
import { queueCommand, recountCommand, scheduleCommand } from "./commands/queues.ts";
import { testCommand } from "./commands/probe.ts";
import { reportCommand } from "./commands/report.ts";
import { restoreCommand } from "./commands/restore.ts";
import {
  restartCommand,
  startCommand,
  type StartPorts,
  stopCommand,
  workerCommand,
} from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { tasksCommand } from "./commands/tasks.ts";
import { tokenCommand } from "./commands/tokens.ts";
import { type CliContext, CliError, INTERRUPTED, USAGE_ERROR } from "./context.ts";
import { addExamples } from "./examples.ts";
import { demoCommand } from "./demo/demo_command.ts";
import type { DemoPorts } from "./demo/demo.ts";
import { importCommand } from "./import_command.ts";
import { replayCommand } from "./replay_command.ts";

/** What the command line needs of the layer above it. */
export interface CliPorts extends StartPorts {
  demo: DemoPorts;
}

/** Runs one command line, without the program's name, and returns its exit code. Never throws. */
export async function runCli(
  args: string[],
  context: CliContext,
  ports: CliPorts,
): Promise<number> {
  let exitCode = 0;
  try {
    await buildProgram(context, ports, (code) => exitCode = code)
      .parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    if (context.signal.aborted) return INTERRUPTED;
    const text = isExpected(error) || !(error instanceof Error) ? messageOf(error) : error.stack!;
    context.err(`error: ${text}\n`);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

const EXPECTED = [CliError, ApiProblem, AppError, ConfigError, BucketError];

/** Whether a person needs no more than the message: also for files that are not there. */
function isExpected(error: unknown): boolean {
  return [...EXPECTED, ...Object.values(Deno.errors)].some((type) => error instanceof type) ||
    /^E[A-Z0-9]+$/.test(String((error as { code?: unknown }).code)); // of Node's file system
}

function buildProgram(
  context: CliContext,
  ports: CliPorts,
  finish: (exitCode: number) => void,
): Command {
  const cli: Cli = { context, finish };
  const program = new Command("pixel")
    .description("Operates the Pixel Performance service.")
    .option("--url <address>", "of the service (default: PIXEL_URL, else this machine and PORT)")
    .option("--json", "answer as JSON")
    .addCommand(startCommand(cli, ports))
    .addCommand(stopCommand(cli))
    .addCommand(restartCommand(cli, ports))
    .addCommand(workerCommand(cli, ports))
    .addCommand(statusCommand(cli))
    .addCommand(dashboardCommand(cli))
    .addCommand(monitorCommand(cli))
    .addCommand(logsCommand(cli))
    .addCommand(testCommand(cli))
    .addCommand(doctorCommand(cli))
    .addCommand(tasksCommand(cli))
    .addCommand(queueCommand(cli))
    .addCommand(scheduleCommand(cli))
    .addCommand(cacheCommand(cli))
    .addCommand(reportCommand(cli))
    .addCommand(recountCommand(cli))
    .addCommand(tokenCommand(cli))
    .addCommand(importCommand(context, finish))
    .addCommand(exportCommand(cli))
    .addCommand(replayCommand(context, finish))
    .addCommand(backupCommand(cli))
    .addCommand(restoreCommand(cli))
    .addCommand(demoCommand(context, ports.demo))
    .addHelpText(
      "after",
      `
The service's token is taken from PIXEL_TOKEN or ADMIN_TOKEN, else from DATA_DIR/admin-token.

Exit codes: 0 done, 1 failed or degraded, 2 wrong command line or service down, 130 interrupted.

Examples:
  deno task pixel status
  deno task pixel tasks list --status failed
  deno task pixel import conversations.ndjson.gz
  deno task pixel replay conversations.ndjson --limit 100 --json`,
    );
  addExamples(program);
  for (const command of [program, ...below(program)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.out(text),
      writeErr: (text) => context.err(text),
      getOutHelpWidth: () => context.columns,
      getErrHelpWidth: () => context.columns,
      getOutHasColors: () => context.outIsTerminal && !context.env.NO_COLOR,
      getErrHasColors: () => context.errIsTerminal && !context.env.NO_COLOR,
    });
  }
  return program;
}

/** All commands below one, however deep. */
function below(command: Command): Command[] {
  return command.commands.flatMap((child) => [child as Command, ...below(child as Command)]);
}
