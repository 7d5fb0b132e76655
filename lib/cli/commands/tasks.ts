import { Command, Option } from "commander";
import { TASK_STATUSES, type TaskStatus } from "../../wire/schemas/tasks.ts";
import { type ApiClient, ApiProblem } from "../api_client.ts";
import { asking, type Cli, type CommonFlags, group, numbers, print, tableOrNone } from "../cli.ts";
import { printJson } from "../context.ts";
import { plainText, shortInstant } from "../format.ts";
import { manyTasksCommands } from "./many_tasks.ts";
import { limitOption } from "./options.ts";
import { readTask, taskPath as path } from "./task.ts";

interface ListFlags {
  queue?: string;
  status?: string;
  name?: string;
  q?: string;
  limit: number;
}

const PAGE = 200;

/** `tasks`: what is queued, runs or has ended, and what an operator does about it. */
export function tasksCommand(cli: Cli): Command {
  return group("tasks", "Lists, shows, cancels and retries tasks.", [
    filters(new Command("list")).description("Lists tasks, newest first.")
      .addOption(new Option("--status <status>", "only those").choices(TASK_STATUSES))
      .action(asking<ListFlags>(cli, async (api, flags) => {
        const tasks = await listTasks(api, flags);
        print(cli, flags, { tasks }, () =>
          tableOrNone(
            cli,
            [
              { title: "task", whole: true },
              { title: "name" },
              { title: "status", whole: true },
              { title: "queued UTC", whole: true },
              numbers("try"),
            ],
            tasks.map((task) => [
              task.task_id,
              task.name,
              task.status,
              shortInstant(task.queued_at, Date.now()),
              `${task.attempt}/${task.max_attempts}`,
            ]),
            "There are no such tasks.",
          ));
      })),
    new Command("show").description("Shows one task.").argument("<task>", "its id")
      .action(asking(cli, async (api, flags, [id]) => {
        const task = await readTask(api, id!);
        print(cli, flags, task, () => describe(task));
        return task.status === "failed" ? 1 : 0;
      })),
    new Command("cancel").description("Cancels queued and running tasks.")
      .argument("<task...>", "their ids")
      .action(asking(cli, (api, flags, ids) =>
        each(cli, flags, ids, "cancelled", async (id) => {
          await api.request("DELETE", path(id));
        }))),
    new Command("retry").description("Queues failed or cancelled tasks again.")
      .argument("<task...>", "their ids")
      .action(asking(cli, (api, flags, ids) =>
        each(cli, flags, ids, "queued again", async (id) => {
          await api.request("POST", `${path(id)}/retry`);
        }))),
    new Command("discard").description("Deletes ended tasks for good.")
      .argument("<task...>", "their ids")
      .option("--yes", "do it; without this it only says what it would do", false)
      .action(asking<{ yes: boolean }>(cli, async (api, flags, ids) => {
        if (flags.yes) {
          return await each(cli, flags, ids, "discarded", async (id) => {
            await api.request("POST", `${path(id)}/discard`);
          });
        }
        print(
          cli,
          flags,
          { tasks: ids, dry_run: true },
          () => `${ids.join("\n")}\nwould be discarded for good. Add --yes to do it.\n`,
        );
      })),
    ...manyTasksCommands(cli),
  ]);
}

function filters(command: Command): Command {
  return command.option("--queue <name>", "only of this queue")
    .option("--name <name>", "only of this name")
    .option("-q, --q <text>", "only those that hold this text")
    .addOption(limitOption(50));
}

/** Tasks that fit, newest first, over as many pages as it takes to have `limit` of them. */
async function listTasks(api: ApiClient, flags: ListFlags): Promise<TaskStatus[]> {
  const found: TaskStatus[] = [];
  let cursor: string | undefined;
  do {
    const { queue, status, name, q } = flags;
    const limit = Math.min(PAGE, flags.limit - found.length);
    const page = await api.request<{ tasks: TaskStatus[]; next_cursor?: string }>("GET", "/tasks", {
      query: { queue, status, name, q, limit, cursor },
    });
    found.push(...page.tasks);
    cursor = page.next_cursor;
  } while (cursor && found.length < flags.limit);
  return found;
}

function describe(task: TaskStatus): string {
  const rows: [string, string | undefined][] = [
    ["task", task.task_id],
    ["name", task.name],
    ["queue", `${task.queue}, ${task.priority} priority`],
    ["status", task.status],
    ["attempt", `${task.attempt} of ${task.max_attempts}`],
    ["queued", task.queued_at],
    ["started", task.started_at],
    ["finished", task.finished_at],
    ["error", task.error && `${task.error.code ?? ""} ${task.error.message}`.trim()],
    ["result", task.result === undefined ? undefined : JSON.stringify(task.result)],
    ...task.waiting_because.map(({ detail, action }): [string, string] => [
      "waits",
      action ? `${detail}; ${action}` : detail,
    ]),
  ];
  return rows.filter(([, value]) => value)
    .map(([name, value]) => `${name.padEnd(9)} ${plainText(value!)}\n`).join("");
}

/** Does the same to each, says what became of it, and goes on after a refusal. */
async function each(
  cli: Cli,
  flags: CommonFlags,
  ids: string[],
  done: string,
  act: (id: string) => Promise<void>,
): Promise<number> {
  const { context } = cli;
  const ended: { task_id: string; done: boolean; problem?: string }[] = [];
  for (const id of ids) {
    context.signal.throwIfAborted();
    try {
      await act(id);
      ended.push({ task_id: id, done: true });
      if (!flags.json) context.out(`${id} ${done}\n`);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status === 401 || error.status === 403) {
        throw error;
      }
      ended.push({ task_id: id, done: false, problem: error.message });
      context.err(`${id}: ${error.message}\n`);
    }
  }
  if (flags.json) printJson(context, { tasks: ended });
  return ended.every((task) => task.done) ? 0 : 1;
}
