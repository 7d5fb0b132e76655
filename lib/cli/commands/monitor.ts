import { Command } from "commander";
import { asking, type Cli } from "../cli.ts";
import { liveEvents, type StreamedEvent } from "../event_stream.ts";
import { plainText } from "../format.ts";

interface MonitorFlags {
  queue?: string;
  kind?: string;
  since?: string;
}

/** `monitor`: what happens, a line each, as it happens. */
export function monitorCommand(cli: Cli): Command {
  const { context } = cli;
  return new Command("monitor")
    .description("Shows what happens, as it happens, until Ctrl-C.")
    .option("--queue <name>", "only of this queue")
    .option("--kind <name>", "only tasks of this name")
    .option("--since <id>", "first what happened after this event")
    .addHelpText("after", "\nAfter a restart of the service it goes on where it stopped.")
    .action(asking<MonitorFlags>(cli, async (api, flags) => {
      await api.request("GET", "/queues"); // one that is not there at first is not waited for
      const events = liveEvents(api, {
        signal: context.signal,
        since: flags.since,
        onBreak: () => context.err("the stream broke; trying again\n"),
      });
      for await (const event of events) {
        if (!fits(event, flags)) continue;
        if (flags.json) context.out(JSON.stringify(event) + "\n");
        else context.out(lineOf(event) + "\n");
      }
    }));
}

function fits({ name, data }: StreamedEvent, flags: MonitorFlags): boolean {
  if (flags.queue && data.queue !== flags.queue) return false;
  return !flags.kind || (name === "task" && data.name === flags.kind);
}

function lineOf({ name, data }: StreamedEvent): string {
  const at = String(data.at ?? data.timestamp ?? "").slice(11, 19).padEnd(8);
  const words = name === "task"
    ? [
      data.status,
      data.name,
      data.task_id,
      data.progress === undefined ? "" : `${data.progress}%`,
    ]
    : name === "queue"
    ? [data.change, data.queue]
    : name === "reset"
    ? ["some events were missed"]
    : [data.status ?? data.name, data.detail];
  return plainText(`${at}  ${name.padEnd(6)}  ${words.filter(Boolean).join("  ")}`);
}
