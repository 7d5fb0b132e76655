import { Command, InvalidArgumentError } from "commander";
import { requireService } from "./ask.ts";
import { connect } from "./connect.ts";
import { type CliContext, INTERRUPTED, printJson } from "./context.ts";
import { type BadLine, openConversationFile, readConversations } from "./conversation_file.ts";
import { formatCount, formatMs } from "./format.ts";
import { ProgressBar } from "./progress_bar.ts";
import { percentile, replay, type ReplayTotals } from "./replay.ts";
import { formatTable } from "./table.ts";

const SHOWN_BAD_LINES = 5;

interface ReplayFlags {
  limit?: number;
  rate?: number;
  concurrency: number;
  prefix: string;
  patience: number;
  url?: string;
  json?: boolean;
}

/** `replay FILE`: the users' turns of a conversation file as live traffic. */
export function replayCommand(context: CliContext, finish: (exitCode: number) => void): Command {
  return new Command("replay")
    .description("Sends the users' turns of a conversation file as live traffic.")
    .argument("<file>", "conversations in the import format, plain or gzipped")
    .option("--limit <turns>", "stop after this many user turns", positiveInteger)
    .option("--rate <turns>", "send at most this many turns a second", positive)
    .option("--concurrency <count>", "conversations at the same time", positiveInteger, 32)
    .option("--prefix <text>", "put before every conversation id: the same file once more", "")
    .option("--patience <seconds>", "how long the service may be away", positive, 120)
    .addHelpText(
      "after",
      `
Turns of one conversation are sent in order, each after the answer to the one before. Running the
same file again asks nothing twice; give a --prefix to have new conversations. Conversations that
were imported stay as they were: their turns go to new ones, "replay-" before their ids.

Examples:
  deno task replay conversations.ndjson.gz --limit 2000
  deno task replay conversations.ndjson --rate 20 --prefix evening-`,
    )
    .action(async (path: string, _flags: unknown, command: Command) => {
      finish(await runReplay(context, path, command.optsWithGlobals<ReplayFlags>()));
    });
}

async function runReplay(context: CliContext, path: string, flags: ReplayFlags): Promise<number> {
  const api = await connect(context.env, flags);
  await requireService(api, context.signal);
  const file = await openConversationFile(path);
  const bar = new ProgressBar(context, "Replaying");
  const bad: BadLine[] = [];
  let badLines = 0;
  let bytesRead = 0;
  const conversations = readConversations(file, (read) => bytesRead = read, (line) => {
    badLines++;
    if (bad.length < SHOWN_BAD_LINES) bad.push(line);
  });
  const startedAt = performance.now();
  try {
    const totals = await replay(conversations, api, {
      limit: flags.limit ?? Infinity,
      ratePerSecond: flags.rate ?? null,
      concurrency: flags.concurrency,
      prefix: flags.prefix,
      patienceMs: flags.patience * 1_000,
      signal: context.signal,
      onProgress(now) {
        const note = `${formatCount(now.answered)} answered, ${formatCount(now.failed)} failed`;
        if (flags.limit) bar.update(now.sent, flags.limit, note);
        else bar.update(bytesRead, file.bytes, note);
      },
    });
    bar.clear();
    const seconds = (performance.now() - startedAt) / 1_000;
    const summary = summarise(totals, seconds, badLines);
    if (flags.json) printJson(context, summary);
    else print(context, summary, bad);
    if (context.signal.aborted) return INTERRUPTED;
    return totals.failed > 0 || badLines > 0 ? 1 : 0;
  } finally {
    bar.clear();
    file.close();
  }
}

type Summary = ReturnType<typeof summarise>;

function summarise(totals: ReplayTotals, seconds: number, badLines: number) {
  const all = [...totals.latenciesMs.values()].flat().sort((a, b) => a - b);
  return {
    sent: totals.sent,
    answered: totals.answered,
    failed: totals.failed,
    answered_earlier: totals.earlier,
    away: totals.away,
    bad_lines: badLines,
    seconds: round(seconds),
    turns_per_second: seconds > 0 ? round(totals.answered / seconds) : 0,
    latency_ms: latencyOf(all),
    sources: [...totals.latenciesMs].map(([source, latencies]) => ({
      source,
      turns: latencies.length,
      latency_ms: latencyOf(latencies.toSorted((a, b) => a - b)),
    })).sort((a, b) => b.turns - a.turns),
    failures: [...totals.failures].map(([reason, turns]) => ({ reason, turns })),
  };
}

function latencyOf(sorted: number[]) {
  const at = (share: number) => sorted.length === 0 ? null : round(percentile(sorted, share));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function print(context: CliContext, summary: Summary, bad: BadLine[]): void {
  const right = (title: string) => ({ title, align: "right" as const });
  const numbers = ["sent", "answered", "failed", "p50", "p95", "p99", "turns/s"].map(right);
  const row = [summary.sent, summary.answered, summary.failed].map(formatCount);
  const rate = String(summary.turns_per_second);
  context.out(
    formatTable(numbers, [[...row, ...shown(summary.latency_ms), rate]], context.columns),
  );
  if (summary.answered_earlier > 0) {
    context.out(`${formatCount(summary.answered_earlier)} had been answered in an earlier run.\n`);
  }
  if (summary.sources.length > 0) {
    const columns = [{ title: "source" }, ...["turns", "share", "p50", "p95", "p99"].map(right)];
    const rows = summary.sources.map(({ source, turns, latency_ms }) => [
      source,
      formatCount(turns),
      `${((turns / summary.answered) * 100).toFixed(1)}%`,
      ...shown(latency_ms),
    ]);
    context.out("\n" + formatTable(columns, rows, context.columns));
  }
  if (summary.failures.length > 0) {
    const rows = summary.failures.map(({ reason, turns }) => [formatCount(turns), reason]);
    const columns = [right("turns"), { title: "failed because" }];
    context.out("\n" + formatTable(columns, rows, context.columns));
  }
  if (summary.away) {
    context.err("The service stayed away. The same command goes on where this one stopped.\n");
  }
  for (const { line, message } of bad) context.err(`line ${line} was left out: ${message}\n`);
  if (summary.bad_lines > bad.length) {
    context.err(`and ${formatCount(summary.bad_lines - bad.length)} more lines\n`);
  }
}

function shown(latency: { p50: number | null; p95: number | null; p99: number | null }): string[] {
  return [latency.p50, latency.p95, latency.p99].map((ms) => ms === null ? "–" : formatMs(ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("must be above 0");
  return value;
}

function positiveInteger(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError("must be a whole number");
  return value;
}
