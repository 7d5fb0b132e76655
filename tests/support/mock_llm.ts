import { freePort } from "./ports.ts";

const PACKAGE = "npm:@dwmkerr/mock-llm@0.1.29";
const START_MS = 120_000;

/**
 * Mock LLM, an OpenAI-compatible server that others wrote, on 127.0.0.1: it repeats the user's last
 * message. The first start fetches it from npm, outside this project's own packages.
 */
export async function startMockLlm(): Promise<{ baseUrl: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "mock-llm-" });
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--allow-net=127.0.0.1",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      PACKAGE,
    ],
    cwd: folder,
    env: { HOST: "127.0.0.1", PORT: String(port) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  void child.status.then(() => ended = true);
  const stop = async () => {
    if (!ended) child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (!await isHealthy(url)) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`${PACKAGE} did not start`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { baseUrl: `${url}/v1`, [Symbol.asyncDispose]: stop };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
