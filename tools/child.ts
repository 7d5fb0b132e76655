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
}

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
  const killGroup = () => {
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, options.limitMs);
  const interrupted = () => {
    killGroup();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const shown = showLines(child.stdout, options.onLine);
    const status = await child.status;
    killGroup();
    await shown;
    return { success: status.success, timedOut };
  } finally {
    clearTimeout(timer);
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
  }
}

async function showLines(
  stream: ReadableStream<Uint8Array>,
  onLine: ((line: string) => void) | undefined,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    Deno.stdout.writeSync(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine?.(line);
  }
  if (rest) onLine?.(rest);
}
