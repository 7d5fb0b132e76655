import { Command } from "commander";
import type { ApiClient } from "./api_client.ts";
import { connect } from "./connect.ts";
import { type CliContext, printJson } from "./context.ts";
import { importEverything } from "./commands/export.ts";
import { openConversationFile } from "./conversation_file.ts";
import { formatBytes, formatCount } from "./format.ts";
import { ProgressBar } from "./progress_bar.ts";

/** What the service says of an import. */
export interface ImportResult {
  imported: number;
  skipped: number;
  rejected: { line: number; message: string }[];
  rejected_count: number;
}

const IMPORT_TIMEOUT_MS = 6 * 60 * 60 * 1_000;

/** Streams conversations, a JSON line each, to the service; gzipped bytes go through as they are. */
export async function importConversations(
  api: ApiClient,
  stream: ReadableStream<Uint8Array>,
  options: { gzipped: boolean; signal: AbortSignal },
): Promise<ImportResult> {
  const headers = {
    "content-type": "application/x-ndjson",
    ...(options.gzipped ? { "content-encoding": "gzip" } : {}),
  };
  const { imported, skipped, rejected, rejected_count } = await api.request<ImportResult>(
    "POST",
    "/conversations/import",
    { stream, headers, signal: options.signal, timeoutMs: IMPORT_TIMEOUT_MS },
  );
  return { imported, skipped, rejected, rejected_count };
}

/** `import FILE`: finished conversations from elsewhere, into reports and history. */
export function importCommand(context: CliContext, finish: (exitCode: number) => void): Command {
  return new Command("import")
    .description("Takes over finished conversations from a file, one JSON object a line.")
    .argument("<file>", "conversations in the import format, plain or gzipped")
    .option("--all", "what `export --all` wrote, into an empty DATA_DIR", false)
    .addHelpText(
      "after",
      `
Conversations that are already there are skipped, so an import that broke off is simply run again.

Example:
  deno task import conversations.ndjson.gz
  DATA_DIR=/srv/pixel deno task pixel import --all everything.gz`,
    )
    .action(async (path: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<{ url?: string; json?: boolean; all: boolean }>();
      if (flags.all) return await importEverything({ context, finish }, path, flags);
      finish(await runImport(context, path, flags));
    });
}

async function runImport(
  context: CliContext,
  path: string,
  flags: { url?: string; json?: boolean },
): Promise<number> {
  const api = await connect(context.env, flags);
  // An upload that is refused halfway can only say that the connection broke: ask first.
  await api.request("GET", "/health", { signal: context.signal });
  const file = await openConversationFile(path);
  const bar = new ProgressBar(context, "Importing");
  try {
    const stream = file.stream((read) => {
      bar.update(read, file.bytes, `${formatBytes(read)} of ${formatBytes(file.bytes)}`);
    });
    const { gzipped } = file;
    const result = await importConversations(api, stream, { gzipped, signal: context.signal });
    bar.clear();
    if (flags.json) printJson(context, result);
    else print(context, result);
    return result.rejected_count > 0 ? 1 : 0;
  } finally {
    bar.clear();
    file.close();
  }
}

function print(context: CliContext, result: ImportResult): void {
  const { imported, skipped, rejected, rejected_count } = result;
  const counts = [`${formatCount(imported)} imported`];
  if (skipped > 0) counts.push(`${formatCount(skipped)} were already there`);
  if (rejected_count > 0) counts.push(`${formatCount(rejected_count)} rejected`);
  context.out(counts.join(", ") + "\n");
  for (const { line, message } of rejected) context.err(`line ${line}: ${message}\n`);
  if (rejected_count > rejected.length) {
    context.err(`and ${formatCount(rejected_count - rejected.length)} more lines\n`);
  }
}
