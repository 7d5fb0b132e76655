const START_MS = 120_000;

/** The demo as a child process, and the link that signs in. */
export async function startDemo(): Promise<{ link: string } & AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo", "--port", "0"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const stop = async () => {
    child.kill("SIGINT");
    await child.status;
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the demo did not start: ${said}`);
    said += value;
    const link = /http\S+sign-in\S+/.exec(said)?.[0];
    if (!link || !said.includes("Ctrl-C")) continue;
    clearTimeout(timer);
    return {
      link,
      async [Symbol.asyncDispose]() {
        const drained = (async () => {
          while (!(await reader.read()).done);
        })();
        await stop();
        await drained;
      },
    };
  }
}
