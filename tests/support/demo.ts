const ROOT = new URL("../../", import.meta.url);
const START_MS = 120_000;

/** A demo that runs: the whole thing, as `deno task demo` starts it. */
export interface RunningDemo extends AsyncDisposable {
  /** The page that breaks it. */
  breaker: string;
  /** Signs in once, as its administrator. */
  link: string;
  /** Ends it as Ctrl-C does at a terminal; gives what it complained of from then on. */
  end(): Promise<string>;
}

/** Starts the demo, with the history of `days` or its usual ones; waits until it says where it is. */
export async function startDemo(days?: number): Promise<RunningDemo> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "-A", "pixel.ts", "demo", "--port", "0"],
      ...(days === undefined ? [] : ["--days", String(days)]),
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true, // in a process group of its own, all of which a terminal's Ctrl-C reaches
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let complaints = "";
  const heard = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) complaints += text;
  })();
  let ended = false;
  const end = async () => {
    if (ended) return "";
    ended = true;
    const before = complaints.length;
    Deno.kill(-child.pid, "SIGINT");
    while (!(await reader.read()).done);
    await Promise.all([child.status, heard]);
    return complaints.slice(before);
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  let said = "";
  while (!said.includes("Ctrl-C ends it")) {
    const { done, value } = await reader.read();
    if (done) {
      clearTimeout(timer);
      await Promise.all([child.status, heard]);
      throw new Error(`the demo did not start: ${said}${complaints}`);
    }
    said += value;
  }
  clearTimeout(timer);
  return {
    breaker: /http:\S+\/[0-9a-f]{24}\//.exec(said)![0],
    link: /http:\S+\/sign-in\?code=\S+/.exec(said)![0],
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
