/** How a child process ended. */
export interface Ended {
  success: boolean;
  timedOut: boolean;
}

export interface ChildOptions {
  env?: Record<string, string>;
  limitMs: number;
  /** Called with every complete line of its standard output, which is shown as well. */
  onLine?: (line: string) => void;
  /** Shown before each of its lines, to tell them from those of others that run beside it. */
  prefix?: string;
}

/** Process groups under way; all of them end when this process is told to stop. */
const groups = new Set<number>();

/**
 * Runs a command in a process group of its own, shows what it prints and ends the whole group when
 * it takes longer than `limitMs`, when it is done, or when this process is told to stop: a server
 * or a browser that a test started never outlives it.
 */
export async function runChild(
  command: string,
  args: string[],
  options: ChildOptions,
): Promise<Ended> {
  const child = new Deno.Command(command, {
    args,
    env: options.env ?? {},
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    detached: true,
  }).spawn();
  let timedOut = false;
  groups.add(child.pid);
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, options.limitMs);
  const interrupted = () => {
    for (const group of groups) killGroup(group);
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const shown = showLines(child.stdout, options);
    const status = await child.status;
    killGroup(child.pid);
    await shown;
    return { success: status.success, timedOut };
  } finally {
    groups.delete(child.pid);
    clearTimeout(timer);
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
  }
}

function killGroup(group: number): void {
  try {
    Deno.kill(-group, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const encoder = new TextEncoder();

async function showLines(
  stream: ReadableStream<Uint8Array>,
  { onLine, prefix }: Pick<ChildOptions, "onLine" | "prefix">,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const showLine = (line: string) => {
    if (prefix !== undefined) Deno.stdout.writeSync(encoder.encode(`${prefix}${line}\n`));
    onLine?.(line);
  };
  for await (const chunk of stream) {
    if (prefix === undefined) Deno.stdout.writeSync(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) showLine(line);
  }
  if (rest) showLine(rest);
}
