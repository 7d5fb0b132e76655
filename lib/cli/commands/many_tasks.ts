import { Command, Option } from "commander";
import type { z } from "zod";
import type { TaskActionAnswer } from "../../wire/schemas/task_actions.ts";
import type { ApiClient } from "../api_client.ts";
import { asking, type Cli, print } from "../cli.ts";
import { CliError } from "../context.ts";
import { countOf } from "../format.ts";
import { positive } from "./options.ts";
import { awaitTask } from "./task.ts";

interface ManyFlags {
  queue?: string;
  name?: string;
  q?: string;
  rate?: number;
  status?: string;
  yes: boolean;
}

/** A command that acts on all tasks of a selection. */
interface ManyTasks {
  name: string;
  description: string;
  action: "cancel" | "retry" | "discard";
  /** What the tasks will be when it is done. */
  becoming: string;
  /** Which tasks; the user's choice where there are several. */
  statuses: string[];
}

const COMMANDS: ManyTasks[] = [
  {
    name: "redrive",
    description: "Queues all failed tasks again that fit.",
    action: "retry",
    becoming: "queued again",
    statuses: ["failed", "cancelled"],
  },
  {
    name: "discard-all",
    description: "Deletes all dead letters that fit, for good.",
    action: "discard",
    becoming: "discarded for good",
    statuses: ["failed", "cancelled"],
  },
  {
    name: "cancel-all",
    description: "Cancels all waiting tasks that fit.",
    action: "cancel",
    becoming: "cancelled",
    statuses: ["queued", "scheduled", "retrying", "running"],
  },
];

/** The commands that act on many tasks: each says first on how many, and acts on --yes. */
export function manyTasksCommands(cli: Cli): Command[] {
  const commands = COMMANDS.map((many) =>
    options(new Command(many.name).description(many.description), many)
      .option("--queue <name>", "only of this queue")
      .action(asking<ManyFlags>(cli, (api, flags) => act(cli, api, many, flags)))
  );
  const cancelling = COMMANDS.find(({ action }) => action === "cancel")!;
  const purge = new Command("purge").description("Cancels what waits in a queue.")
    .argument("<queue>", "by name");
  options(purge, { ...cancelling, statuses: ["queued"] })
    .action(
      asking<ManyFlags>(
        cli,
        (api, flags, [queue]) => act(cli, api, cancelling, { ...flags, queue }),
      ),
    );
  return [...commands, purge];
}

function options(command: Command, { statuses }: ManyTasks): Command {
  return command
    .addOption(new Option("--status <status>", "of which").choices(statuses).default(statuses[0]))
    .option("--name <name>", "only of this name")
    .option("-q, --q <text>", "only those that hold this text")
    .option("--rate <tasks>", "at most so many a second", positive)
    .option("--yes", "do it; without this it only says what it would do", false);
}

async function act(
  cli: Cli,
  api: ApiClient,
  { action, becoming }: ManyTasks,
  flags: ManyFlags & { json?: boolean },
): Promise<void> {
  const { queue, status, name, q, rate } = flags;
  if (queue !== undefined) {
    const { queues } = await api.call("GET /queues", {});
    if (!queues.some((known) => known.name === queue)) {
      throw new CliError(`there is no queue named ${queue}`);
    }
  }
  const answer = await api.request<z.infer<typeof TaskActionAnswer>>("POST", "/tasks/actions", {
    body: { action, queue, status, name, q, rate_per_second: rate, dry_run: !flags.yes },
  });
  const count = `${answer.capped ? "more than " : ""}${countOf(answer.matching, "task")}`;
  if (!answer.task_id) {
    const more = answer.matching > 0 ? " Add --yes to do it." : "";
    print(cli, flags, answer, () => `${count} would be ${becoming}.${more}\n`);
    return;
  }
  const task = await awaitTask(api, answer.task_id, cli.context.signal);
  print(
    cli,
    flags,
    { ...answer, result: task.result },
    () => `${count} ${becoming}: ${JSON.stringify(task.result)}\n`,
  );
}
