import { Command, Option } from "commander";
import { type Cli, type CommonFlags } from "../cli.ts";
import { CliError } from "../context.ts";
import { plainText } from "../format.ts";
import { LogReader } from "../log_reader.ts";
import { logFileOf } from "../service_process.ts";
import { limitOption } from "./options.ts";

interface LogFlags extends CommonFlags {
  follow: boolean;
  level?: string;
  job?: string;
  limit: number;
}

const LEVELS = ["debug", "info", "warn", "error"];

/** `logs [queue]`: the log of a detached service, or of one with LOG_FILE. */
export function logsCommand(cli: Cli): Command {
  const { context } = cli;
  return new Command("logs")
    .description("Shows the log of a service that logs to a file.")
    .argument("[queue]", "only lines about this queue")
    .option("--follow", "and then each line as it comes, until Ctrl-C", false)
    .addOption(new Option("--level <level>", "this one and worse").choices(LEVELS))
    .option("--job <task>", "only lines about this task")
    .addOption(limitOption(200))
    .addHelpText(
      "after",
      `
The file is LOG_FILE, by default DATA_DIR/logs/pixel.log as \`start --detach\` writes it. Under systemd
and in a container the log is with those: journalctl -u pixel-performance, docker compose logs.

Examples:
  deno task pixel logs --level warn
  deno task pixel logs conversations --follow`,
    )
    .action(async (queue: string | undefined, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<LogFlags>();
      const path = logFileOf(context);
      const show = (line: string) => context.out(flags.json ? `${line}\n` : readable(line));
      const fits = filter(queue, flags);
      using log = await LogReader.open(path).catch((error) => {
        throw new CliError(`there is no log at ${path}`, 1, { cause: error });
      });
      const lines = (await log.existing({ rest: !flags.follow })).filter(fits);
      for (const line of lines.slice(-flags.limit)) show(line);
      if (flags.follow) {
        await log.follow((line) => fits(line) && show(line), context.signal);
      }
    });
}

function filter(queue: string | undefined, { level, job }: LogFlags): (line: string) => boolean {
  const least = LEVELS.indexOf(level ?? "debug");
  return (line) => {
    if (line === "") return false;
    const fields = parse(line);
    if (LEVELS.indexOf(String(fields.level)) < least) return false;
    if (job !== undefined && fields.task_id !== job) return false;
    // A task's id begins with its queue.
    return queue === undefined || fields.queue === queue ||
      String(fields.task_id ?? "").startsWith(`${queue}-`);
  };
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return { level: "error", message: line };
  }
}

function readable(line: string): string {
  const { at, level, message, ...rest } = parse(line);
  const time = String(at ?? "").slice(0, 19).replace("T", " ");
  const words = Object.entries(rest).map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
  );
  return plainText([time, String(level).padEnd(5), message, ...words].join(" ")) + "\n";
}
