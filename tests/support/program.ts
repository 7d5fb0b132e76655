/**
 * Runs a program of the tests as a process of its own until it says `listening`; disposing of it
 * ends it.
 */
export async function startedProgram(file: string, args: string[]): Promise<AsyncDisposable> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", file, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.getReader();
  const decoder = new TextDecoder();
  for (let said = ""; !said.includes("listening");) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`${file} did not start: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return {
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      await process.stdout.cancel();
      await process.status;
    },
  };
}
