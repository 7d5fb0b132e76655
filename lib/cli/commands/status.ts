import { Command } from "commander";
import type { z } from "zod";
import { sleep } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { QueueList } from "../../wire/schemas/queues.ts";
import type { HealthReport, PerformanceSummary } from "../../wire/schemas/system.ts";
import { type ApiClient, Unreachable } from "../api_client.ts";
import { type Cli, type CommonFlags } from "../cli.ts";
import { connect } from "../connect.ts";
import { CliError, printJson, SERVICE_DOWN as DOWN } from "../context.ts";
import { countOf, formatCount } from "../format.ts";
import { queueTable } from "./queues.ts";

const WATCH_MS = 2_000;
const CLEAR = "\x1b[H\x1b[2J";
/** Exit codes. */
const CODES = { healthy: 0, degraded: 1, unhealthy: 2 } as const;

/** What the service adds to the shapes that everyone may rely on. */
interface Standing {
  health: Omit<HealthReport, "checks"> & {
    checks: { name: string; status: string; detail?: string }[];
  };
  summary: Omit<PerformanceSummary, "score_terms"> & {
    score_terms: { term: string; points: number; detail?: string }[];
  };
  queues: z.infer<typeof QueueList>["queues"];
}

/** `status`: whether all is well, as words and as an exit code. */
export function statusCommand(cli: Cli): Command {
  const { context } = cli;
  return new Command("status")
    .description("Says how the service is.")
    .option("--watch", "again every 2 s, until Ctrl-C", false)
    .addHelpText(
      "after",
      "\nThe exit code is 0 when all is well, 1 when degraded, 2 when down or when nobody can be asked.",
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { watch: boolean }>();
      try {
        const api = await connect(context.env, flags);
        do {
          const clear = flags.watch && context.outIsTerminal ? CLEAR : "";
          cli.finish(await show(cli, api, flags, clear));
          if (flags.watch) await sleep(WATCH_MS, context.signal).catch(() => {});
        } while (flags.watch && !context.signal.aborted);
      } catch (error) {
        // To whoever watches the exit code, not knowing is not "degraded".
        throw new CliError(messageOf(error), DOWN, { cause: error });
      }
    });
}

async function show(
  cli: Cli,
  api: ApiClient,
  flags: CommonFlags,
  clear: string,
): Promise<number> {
  const { context } = cli;
  let standing: Standing;
  try {
    standing = await read(api);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    if (flags.json) printJson(context, { status: "down", url: api.url });
    else context.out(`${clear}Down: ${error.message}\n`);
    return DOWN;
  }
  const { health } = standing;
  if (flags.json) printJson(context, { status: health.status, url: api.url, ...standing });
  else context.out(clear + describe(cli, api.url, standing));
  return CODES[health.status] ?? DOWN;
}

async function read(api: ApiClient): Promise<Standing> {
  const [health, summary, queues] = await Promise.all([
    api.call("GET /health", {}),
    api.call("GET /performance/summary", {}),
    api.call("GET /queues", {}),
  ]);
  return {
    health: health.health_report,
    summary: summary.performance_summary,
    queues: queues.queues,
  };
}

function describe(cli: Cli, url: string, { health, summary, queues }: Standing): string {
  const { conversation_metrics: talks, cache_performance: cache } = summary;
  const { pending, processing, completed, failed } = talks.status_breakdown;
  const lines = [
    `${health.status}, score ${summary.performance_score} (${url})`,
    ...summary.score_terms.map(({ detail, term, points }) =>
      `  ${detail ?? `${term}: −${points}`}`
    ),
    ...health.checks.filter(({ status }) => status !== "healthy").map(({ name, status, detail }) =>
      `  ${name} is ${status}${detail ? `: ${detail}` : ""}`
    ),
    "",
    `conversations  ${formatCount(talks.total_conversations)}: ${
      formatCount(completed)
    } completed, ` +
    `${formatCount(failed)} failed, ${formatCount(processing)} processing, ` +
    `${formatCount(pending)} pending`,
    `cache          ${cache.hit_rate}% hits, ${
      countOf(cache.total_keys, "entry", "entries")
    }, ${cache.memory_usage}`,
    `machine        CPU ${health.system.cpu_percent}%, memory ${health.system.memory_percent}%, ` +
    `disk ${health.system.disk_percent}%`,
    "",
  ];
  return lines.join("\n") + "\n" + queueTable(cli, queues);
}
