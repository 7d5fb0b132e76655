import { Command, Option } from "commander";
import { messageOf } from "../../errors.ts";
import { type ApiClient, Unreachable } from "../api_client.ts";
import { asking, type Cli, numbers, print, tableOrNone } from "../cli.ts";
import { CliError } from "../context.ts";
import { formatMs } from "../format.ts";
import { awaitTask } from "./task.ts";
import { seconds } from "./options.ts";

interface Probed {
  queue: string;
  ok: boolean;
  /** From asking for the probe to knowing that it ended, as this command sees it. */
  round_trip_ms?: number;
  /** From queued to started, by the service's clock. */
  waited_ms?: number;
  task_id?: string;
  problem?: string;
}

/** `test`: a probe through every queue, with the round trip of each. */
export function testCommand(cli: Cli): Command {
  return new Command("test")
    .description("Sends a probe through every queue and reports the round trips.")
    .argument("[queue...]", "only through these")
    .addOption(
      new Option("--timeout <seconds>", "longest wait for a probe").default(10).argParser(seconds),
    )
    .addHelpText(
      "after",
      `
A probe is a task that does nothing. The exit code is 1 when one did not come through.

Examples:
  deno task pixel test
  deno task pixel test conversations --timeout 30`,
    )
    .action(asking<{ timeout: number }>(cli, async (api, flags, names) => {
      const all = (await api.call("GET /queues", {})).queues;
      const missing = names.find((name) => !all.some((queue) => queue.name === name));
      if (missing !== undefined) throw new CliError(`there is no queue named ${missing}`);
      const queues = all.filter(({ name }) => names.length === 0 || names.includes(name));
      const probes = await Promise.all(
        queues.map(({ name, paused }) =>
          paused
            ? { queue: name, ok: false, problem: "paused" }
            : probe(cli, api, name, flags.timeout * 1_000)
        ),
      );
      print(cli, flags, { probes }, () => table(cli, probes));
      return probes.every(({ ok }) => ok) ? 0 : 1;
    }));
}

async function probe(
  { context }: Cli,
  api: ApiClient,
  queue: string,
  timeoutMs: number,
): Promise<Probed> {
  const begun = performance.now();
  const limit = AbortSignal.timeout(timeoutMs);
  let task_id: string | undefined;
  try {
    ({ task_id } = await api.request<{ task_id: string }>(
      "POST",
      `/queues/${encodeURIComponent(queue)}/probe`,
      { signal: limit },
    ));
    const task = await awaitTask(api, task_id, AbortSignal.any([limit, context.signal]));
    const round_trip_ms = Math.round(performance.now() - begun);
    const waited_ms = Date.parse(task.started_at!) - Date.parse(task.queued_at);
    return { queue, ok: true, round_trip_ms, waited_ms, task_id };
  } catch (error) {
    if (context.signal.aborted || error instanceof Unreachable) throw error;
    const problem = limit.aborted ? `no end after ${formatMs(timeoutMs)}` : messageOf(error);
    return { queue, ok: false, problem, task_id };
  }
}

function table(cli: Cli, probes: Probed[]): string {
  const ms = (value: number | undefined) => value === undefined ? "–" : formatMs(value);
  return tableOrNone(
    cli,
    [{ title: "queue", whole: true }, numbers("round trip"), numbers("waited"), { title: "" }],
    probes.map(({ queue, ok, round_trip_ms, waited_ms, problem }) => [
      queue,
      ms(round_trip_ms),
      ms(waited_ms),
      ok ? "ok" : problem!,
    ]),
    "There are no queues.",
  );
}
