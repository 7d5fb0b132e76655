import { Command } from "commander";
import type { z } from "zod";
import type { QueueList, ScheduleList } from "../../wire/schemas/queues.ts";
import type { TaskStatus } from "../../wire/schemas/tasks.ts";
import type { ApiClient } from "../api_client.ts";
import { asking, type Cli, group, numbers, print, tableOrNone } from "../cli.ts";
import { formatCount, formatMs, shortInstant } from "../format.ts";
import { type Recounted, recountText } from "./recount.ts";
import { positive } from "./options.ts";
import { awaitTask } from "./task.ts";

type Queues = z.infer<typeof QueueList>["queues"];
type Schedules = z.infer<typeof ScheduleList>["schedules"];

/** `queue`: depth and speed of every queue; pausing and resuming. */
export function queueCommand(cli: Cli): Command {
  const paused = (name: string, method: "PUT" | "DELETE", description: string, done: string) =>
    new Command(name).description(description).argument("<queue...>", "by name")
      .action(asking(cli, async (api, flags, names) => {
        for (const queue of names) {
          await api.request(method, `/queues/${encodeURIComponent(queue)}/pause`);
          print(cli, flags, { queue, paused: method === "PUT" }, () => `${queue} is ${done}\n`);
        }
      }));
  return group("queue", "Shows, pauses and resumes queues.", [
    new Command("list").description("Lists the queues.").action(
      asking(cli, async (api, flags) => {
        const { queues } = await api.call("GET /queues", {});
        print(cli, flags, { queues }, () => queueTable(cli, queues));
      }),
    ),
    paused("pause", "PUT", "Starts no more tasks of a queue; running ones end.", "paused"),
    paused("resume", "DELETE", "Lets a paused queue go on.", "running"),
    new Command("scale").description("Sets how many tasks of a queue run at the same time.")
      .argument("<queue>", "by name").argument("<concurrency>", "tasks at the same time", positive)
      .option("--rate <tasks>", "at most so many starts a second", positive)
      .action(asking<{ rate?: number }>(cli, async (api, flags, [queue, concurrency]) => {
        const body = {
          concurrency: Number(concurrency),
          ...(flags.rate === undefined ? {} : { rate_per_second: flags.rate }),
        };
        const path = `/queues/${encodeURIComponent(queue!)}/limits`;
        const answer = await api.request("PUT", path, { body });
        print(
          cli,
          flags,
          answer,
          () => `${queue} runs up to ${concurrency} tasks at the same time\n`,
        );
      })),
  ]);
}

/** Queues as a table. */
export function queueTable(cli: Cli, queues: Queues): string {
  const ms = (value: number | null) => value === null ? "–" : formatMs(value);
  return tableOrNone(
    cli,
    [
      { title: "queue", whole: true },
      ...["waiting", "running", "failed", "oldest", "per second", "p50", "p95"].map(numbers),
      { title: "" },
    ],
    queues.map(
      ({ name, depth, oldest_waiting_seconds, throughput_per_second, latency, paused }) => {
        const count = (...states: string[]) =>
          formatCount(states.reduce((sum, state) => sum + (depth.by_status[state] ?? 0), 0));
        return [
          name,
          count("queued", "scheduled", "retrying"),
          count("running"),
          count("failed"),
          oldest_waiting_seconds === null ? "–" : formatMs(oldest_waiting_seconds * 1_000),
          throughput_per_second.toFixed(1),
          ms(latency.p50),
          ms(latency.p95),
          paused ? "paused" : "",
        ];
      },
    ),
    "There are no queues.",
  );
}

/** `schedule`: what runs by itself, and running it now. */
export function scheduleCommand(cli: Cli): Command {
  return group("schedule", "Shows what runs by itself, and runs it now.", [
    new Command("list").description("Lists the schedules.").action(
      asking(cli, async (api, flags) => {
        const { schedules } = await api.call("GET /schedules", {});
        const at = (instant: string | null) => instant ? shortInstant(instant, Date.now()) : "–";
        print(cli, flags, { schedules }, () =>
          tableOrNone(
            cli,
            [
              { title: "schedule", whole: true },
              { title: "when UTC", whole: true },
              { title: "next", whole: true },
              { title: "last", whole: true },
              { title: "ended" },
              numbers("missed"),
            ],
            schedules.map((row) => [
              row.name,
              row.cron,
              at(row.next_run_at),
              at(row.last_run_at),
              row.last_status ?? "–",
              formatCount(row.missed),
            ]),
            "There are no schedules.",
          ));
      }),
    ),
    held(cli, "pause", "PUT", "Holds a schedule's runs back; they are not made up for.", "paused"),
    held(cli, "resume", "DELETE", "Lets a schedule run at its times again.", "running"),
    new Command("run").description("Runs a schedule now and waits for its end.")
      .argument("<schedule>", "by name, as `schedule list` shows it")
      .action(asking(cli, async (api, flags, [schedule]) => {
        const task = await runSchedule(cli, api, schedule!);
        const result = JSON.stringify(task.result ?? {});
        print(cli, flags, task, () => `${task.name} completed: ${result}\n`);
      })),
  ]);
}

function held(
  cli: Cli,
  name: string,
  method: "PUT" | "DELETE",
  description: string,
  done: string,
): Command {
  return new Command(name).description(description)
    .argument("<schedule...>", "by name, as `schedule list` shows it")
    .action(asking(cli, async (api, flags, names) => {
      for (const schedule of names) {
        await api.request(method, `/schedules/${encodeURIComponent(schedule)}/pause`);
        print(cli, flags, { schedule, paused: method === "PUT" }, () => `${schedule} is ${done}\n`);
      }
    }));
}

/** `recount`: whether the reports' numbers are those of the facts that are kept; exits with 1 if not. */
export function recountCommand(cli: Cli): Command {
  return new Command("recount")
    .description("Compares every number of the reports with the facts that are kept.")
    .action(asking(cli, async (api, flags) => {
      const { task_id } = await api.request<{ task_id: string }>("POST", "/analytics/recount");
      const task = await awaitTask(api, task_id, cli.context.signal);
      const result = task.result as Recounted;
      print(cli, flags, result, () => recountText(result));
      return result.difference_count > 0 ? 1 : 0;
    }));
}

/** Runs a schedule now and waits for its task. */
export async function runSchedule(
  { context }: Cli,
  api: ApiClient,
  schedule: string,
): Promise<TaskStatus> {
  const path = `/schedules/${encodeURIComponent(schedule)}/run`;
  const { task_id } = await api.request<{ task_id: string }>("POST", path);
  return await awaitTask(api, task_id, context.signal);
}
