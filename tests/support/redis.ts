import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./ports.ts";

const START_ATTEMPTS = 5;
const START_TIMEOUT_MS = 60_000;

/**
 * A real redis-server of the test's own: on a free port, in a temporary folder, stopped by process
 * id. `await using` stops it even when the test fails.
 */
export class RedisServer {
  #process: Deno.ChildProcess | null = null;
  #paused = false;

  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly password: string | undefined,
    readonly args: readonly string[],
    readonly config: string | undefined,
  ) {}

  get url(): string {
    const login = this.password === undefined ? "" : `:${encodeURIComponent(this.password)}@`;
    return `redis://${login}127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (!this.#process) throw new Error("redis-server does not run");
    return this.#process.pid;
  }

  /**
   * Starts a server that keeps nothing on disk; `args` as on redis-server's command line, `config`
   * as in its file.
   */
  static async start(
    options: { args?: readonly string[]; password?: string; config?: string } = {},
  ): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "redis-test-"));
    for (let attempt = 1;; attempt++) {
      const { password, args = [], config } = options;
      const server = new RedisServer(freePort(), folder, password, args, config);
      try {
        await server.#spawn();
        return server;
      } catch (error) {
        // Somebody else may have taken the port between looking for it and using it.
        if (attempt < START_ATTEMPTS) continue;
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    }
  }

  /** Sends one command over a connection of its own, as an administrator would. */
  async call(command: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      const ended = new Promise((resolve) => client.once("end", resolve));
      if (client.status !== "end") {
        client.disconnect();
        await ended;
      }
    }
  }

  /** Hangs the server: connections stay, nothing is answered. */
  pause(): void {
    Deno.kill(this.pid, "SIGSTOP");
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    Deno.kill(this.pid, "SIGCONT");
    this.#paused = false;
  }

  /** Ends the server at once, as a crash would. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    this.#paused = false;
    process.kill("SIGKILL");
    await process.status;
  }

  /** Starts it again on the same port; it was killed before or is now. What it held is gone. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#spawn();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #spawn(): Promise<void> {
    const login = this.password === undefined ? [] : ["--requirepass", this.password];
    const file = join(this.folder, "redis.conf");
    if (this.config !== undefined) await writeFile(file, this.config);
    // deno-fmt-ignore
    const args = [
      ...this.config === undefined ? [] : [file], "--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder,
      "--save", "", "--appendonly", "no", "--daemonize", "no", ...login, ...this.args,
    ];
    try {
      const options: Deno.CommandOptions = { args, stdin: "null", stdout: "null", stderr: "null" };
      this.#process = new Deno.Command("redis-server", options).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error("redis-server is missing: apt-get install -y redis-server");
    }
    const process = this.#process;
    let ended = false;
    void process.status.then(() => ended = true);
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!await this.#isOurs()) {
      if (ended) {
        this.#process = null;
        throw new Error(`redis-server ended while starting on port ${this.port}`);
      }
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`redis-server did not answer within ${START_TIMEOUT_MS} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Whether the process that answers on the port is the one that was started. */
  async #isOurs(): Promise<boolean> {
    try {
      const info = String(await this.call("INFO", "server"));
      return info.includes(`process_id:${this.#process?.pid}\r`);
    } catch {
      return false;
    }
  }
}
