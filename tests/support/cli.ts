import type { CliContext } from "../../lib/cli/context.ts";
import { type CliPorts, runCli } from "../../lib/cli/program.ts";

/** How a command ended and what it printed. */
export interface CliRun {
  exitCode: number;
  out: string;
  err: string;
}

/** Runs a command line in this process, as if piped, and catches what it prints. */
export async function runCommand(
  args: string[],
  options: Partial<CliContext> & { ports?: Partial<CliPorts> } = {},
): Promise<CliRun> {
  const { ports, ...overrides } = options;
  const run: CliRun = { exitCode: -1, out: "", err: "" };
  const context: CliContext = {
    env: {},
    out: (text) => run.out += text,
    err: (text) => run.err += text,
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
    ...overrides,
  };
  const startService = () => Promise.reject(new Error("this test starts no service"));
  const serviceCommand = (): never => {
    throw new Error("this test starts no process");
  };
  const demo = { startChild: startService, startRedis: () => Promise.resolve(null) };
  run.exitCode = await runCli(args, context, { startService, serviceCommand, demo, ...ports });
  return run;
}

/** A file of conversations in the import format; gzipped when its name ends so. */
export async function writeConversations(path: string, lines: unknown[]): Promise<void> {
  const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line) + "\n")
    .join("");
  const stream = new Blob([text]).stream();
  const packed = path.endsWith(".gz") ? stream.pipeThrough(new CompressionStream("gzip")) : stream;
  await Deno.writeFile(path, packed);
}

/** A finished conversation in which the user says these messages and always hears "Yes.". */
export function recorded(id: string, ...messages: string[]) {
  const at = "2026-01-05T10:00:00Z";
  return {
    conversation_id: id,
    user_id: `user-of-${id}`,
    bot_id: "bakery",
    status: "completed",
    messages: messages.flatMap((content) => [
      { role: "user", content, at },
      { role: "assistant", content: "Yes.", at },
    ]),
  };
}
