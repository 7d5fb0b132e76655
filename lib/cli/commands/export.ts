import { Command } from "commander";
import { exportAll, importAll } from "../../monitoring/transfer.ts";
import type { ApiClient } from "../api_client.ts";
import { type Cli, type CommonFlags, print } from "../cli.ts";
import { connect } from "../connect.ts";
import { countOf, formatCount } from "../format.ts";
import { ProgressBar } from "../progress_bar.ts";
import { configOf } from "../stopped_database.ts";

const PAGE = 200;
const TOGETHER = 16;

interface Listed {
  conversation_id: string;
  status: string;
}

/** `export FILE`: conversations in the import format, or with --all everything there is. */
export function exportCommand(cli: Cli): Command {
  return new Command("export")
    .description("Writes conversations to a file, a JSON object a line, or with --all everything.")
    .argument("<file>", "to write, gzipped with --all; - is standard output, without --all")
    .option("--all", "the whole database, waiting tasks included, for `import --all`", false)
    .addHelpText(
      "after",
      `
Conversations are read over the API, those that have ended, in the format that import takes. With
--all the database in DATA_DIR is read from a consistent copy; stop the service first when it is to
go on elsewhere, or what it does meanwhile is not in the file.

Examples:
  deno task pixel export conversations.ndjson
  deno task pixel export --all everything.gz`,
    )
    .action(async (file: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { all: boolean }>();
      const bar = new ProgressBar(cli.context, "Exporting");
      const progress = (count: number) => bar.update(count, null, formatCount(count));
      try {
        const entries = flags.all
          ? await exportAll(configOf(cli.context), file, { signal: cli.context.signal, progress })
          : await exportConversations(cli, await connect(cli.context.env, flags), file, progress);
        bar.clear();
        if (file === "-") return;
        const what = flags.all ? "entries" : "conversations";
        const words = flags.all
          ? `${formatCount(entries)} entries`
          : countOf(entries, "conversation");
        print(cli, flags, { file, [what]: entries }, () => `${words}\n`);
      } finally {
        bar.clear();
      }
    });
}

/** The other end of `export --all`. */
export async function importEverything(cli: Cli, file: string, flags: CommonFlags): Promise<void> {
  const bar = new ProgressBar(cli.context, "Importing");
  try {
    const entries = await importAll(configOf(cli.context), file, {
      signal: cli.context.signal,
      progress: (count) => bar.update(count, null, formatCount(count)),
    });
    bar.clear();
    print(cli, flags, { entries }, () => `${formatCount(entries)} entries\n`);
  } finally {
    bar.clear();
  }
}

async function exportConversations(
  { context }: Cli,
  api: ApiClient,
  path: string,
  progress: (count: number) => void,
): Promise<number> {
  using file = path === "-"
    ? undefined
    : await Deno.open(path, { create: true, write: true, truncate: true, mode: 0o600 });
  const encoder = new TextEncoder();
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await api.request<{ conversations: Listed[]; next_cursor?: string }>(
      "GET",
      "/conversations",
      { query: { limit: PAGE, cursor }, signal: context.signal },
    );
    const ended = page.conversations.filter(({ status }) =>
      status === "completed" || status === "failed"
    );
    for (let at = 0; at < ended.length; at += TOGETHER) {
      const lines = await Promise.all(ended.slice(at, at + TOGETHER).map((row) => line(api, row)));
      const text = lines.join("");
      if (file) {
        const bytes = encoder.encode(text);
        for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      } else context.out(text);
      count += lines.length;
      progress(count);
    }
    cursor = page.next_cursor;
  } while (cursor);
  return count;
}

interface Conversation {
  conversation_id: string;
  user_id: string;
  bot_id: string;
  status: string;
  satisfaction_score?: number;
  messages: { role: string; content: string; at: string }[];
}

/** One conversation as the import takes it. */
async function line(api: ApiClient, { conversation_id }: Listed): Promise<string> {
  const path = `/conversations/${encodeURIComponent(conversation_id)}`;
  const { conversation } = await api.request<{ conversation: Conversation }>("GET", path);
  const { user_id, bot_id, status, satisfaction_score } = conversation;
  const messages = conversation.messages.map(({ role, content, at }) => ({ role, content, at }));
  const found = { conversation_id, user_id, bot_id, status, satisfaction_score, messages };
  return JSON.stringify(found) + "\n";
}
