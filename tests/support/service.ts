import { freePort } from "./ports.ts";
import type { SettableClock } from "./settable_clock.ts";

const ROOT = new URL("../../", import.meta.url);
const READY_MS = 120_000;
const STOP_MS = 90_000;
const POLL_MS = 20;
const KEPT_LOG_LINES = 5_000;

/** Variables of the surroundings that the child gets; a developer's own settings stay out. */
const PASSED_ON =
  /^(PATH|HOME|TMPDIR|LANG|TZ|DENO_DIR|XDG_CACHE_HOME|SSL_CERT_FILE|npm_config_.*|.*_proxy)$/i;

/** How a test wants its service. */
export interface ServiceOptions {
  /** Configuration; PORT, HOST, DATA_DIR, ADMIN_TOKEN and LOG_FORMAT have values already. */
  env?: Record<string, string>;
  /** An existing folder to run on; otherwise one is made, and deleted at the end. */
  dataDir?: string;
  /** Where to serve, when that must be known before. */
  port?: number;
  /** The clock that the process sees; the machine's when absent. */
  clock?: SettableClock;
  /** The whole command line of `deno`; that of `deno task start` when absent. */
  args?: string[];
}

/** An answer with its body parsed. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/**
 * The real service as a child process, started as `deno task start` starts it, on a free port and a
 * temporary folder. `await using` ends it.
 */
export class TestService implements AsyncDisposable {
  readonly token = `test-${crypto.randomUUID()}`;
  readonly url: string;
  /** Lines of standard output and error since the first start, the latest ones. */
  readonly logs: string[] = [];
  #child: Deno.ChildProcess | null = null;
  #exitCode: number | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #watchers = new Set<(line: string) => void>();

  private constructor(
    readonly dataDir: string,
    private readonly ownsFolder: boolean,
    private env: Record<string, string>,
    readonly port: number,
    private readonly args: string[] | undefined,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts the service and waits until it is ready. */
  static async start(options: ServiceOptions = {}): Promise<TestService> {
    const dataDir = options.dataDir ?? await Deno.makeTempDir({ prefix: "pixel-test-" });
    const { port = freePort(), args } = options;
    const env = { ...options.env, ...options.clock?.env };
    const service = new TestService(dataDir, options.dataDir === undefined, env, port, args);
    try {
      await service.#launch();
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return service;
  }

  get pid(): number {
    if (!this.#child) throw new Error("the service is not running");
    return this.#child.pid;
  }

  /** A request with the admin token; `path` counts from `/api/performance` unless it is absolute. */
  async request<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}/api/performance${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const parsed = text === "" ? null : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  /** Resolves with the first log line, from now on, that fits. */
  async nextLog(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const watcher = (line: string) => pattern.test(line) && resolve(line);
    const timer = setTimeout(() => reject(this.#failure(`logged no ${pattern}`)), READY_MS);
    this.#watchers.add(watcher);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    }
  }

  /** Asks it to end and returns its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    const child = this.#running();
    if (this.#exitCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    try {
      return (await child.status).code;
    } finally {
      clearTimeout(timer);
      await this.#ended();
    }
  }

  /** Sends it a signal, and resolves with the first log line after it that fits. */
  async signalled(signal: Deno.Signal, pattern: RegExp): Promise<string> {
    const line = this.nextLog(pattern);
    this.#running().kill(signal);
    return await line;
  }

  /** Ends it with SIGKILL, as a crash or a power failure would. */
  async kill(): Promise<void> {
    const child = this.#running();
    if (this.#exitCode === null) child.kill("SIGKILL");
    await child.status;
    await this.#ended();
  }

  /** Starts it again after `stop` or `kill`, on the same folder and port. */
  async restart(env: Record<string, string> = {}): Promise<void> {
    if (this.#child) throw new Error("stop or kill the service before restarting it");
    this.env = { ...this.env, ...env };
    await this.#launch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await this.kill();
    if (this.ownsFolder) await Deno.remove(this.dataDir, { recursive: true });
  }

  async #launch(): Promise<void> {
    const child = await serviceProcess({
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      ADMIN_TOKEN: this.token,
      ...this.env,
    }, this.args);
    this.#child = child;
    this.#reading = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
    this.#exitCode = null;
    void child.status.then(({ code }) => this.#exitCode = code);
    const deadline = performance.now() + READY_MS;
    while (!await this.#isReady()) {
      if (this.#exitCode !== null) throw this.#failure(`ended with code ${this.#exitCode}`);
      if (performance.now() > deadline) throw this.#failure(`was not ready in ${READY_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#log(line);
    }
    if (rest !== "") this.#log(rest);
  }

  #log(line: string): void {
    this.logs.push(line);
    if (this.logs.length > KEPT_LOG_LINES) this.logs.shift();
    for (const watcher of this.#watchers) watcher(line);
  }

  #running(): Deno.ChildProcess {
    if (!this.#child) throw new Error("the service is not running");
    return this.#child;
  }

  async #ended(): Promise<void> {
    await this.#reading;
    this.#child = null;
  }

  #failure(what: string): Error {
    return new Error(`the service ${what}; its last lines:\n${this.logs.slice(-30).join("\n")}`);
  }
}

/**
 * Starts the service where it must not start, and waits for its end. `said` is what it printed on
 * standard output and standard error.
 */
export async function startInVain(
  env: Record<string, string>,
  args?: string[],
): Promise<{ code: number; said: string }> {
  return await endOf(await serviceProcess({ PORT: String(freePort()), ...env }, args));
}

/** Starts the service, and asks it to end as soon as it prints this; gives how it ended. */
export async function stoppedWhileStarting(
  env: Record<string, string>,
  pattern: RegExp,
): Promise<{ code: number; said: string }> {
  const child = await serviceProcess({ PORT: String(freePort()), ...env });
  let asked = false;
  return await endOf(child, (said) => {
    if (asked || !pattern.test(said)) return;
    asked = true;
    child.kill("SIGTERM");
  });
}

/** How a service ended, and what it printed by then; `hear` is told that as it grows. */
async function endOf(
  child: Deno.ChildProcess,
  hear: (said: string) => void = () => {},
): Promise<{ code: number; said: string }> {
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS);
  const said = ["", ""];
  await Promise.all([child.stdout, child.stderr].map(async (stream, i) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said[i] += text;
      hear(said.join(""));
    }
  }));
  const { code } = await child.status;
  clearTimeout(timer);
  return { code, said: said.join("") };
}

async function serviceProcess(
  env: Record<string, string>,
  args?: string[],
): Promise<Deno.ChildProcess> {
  return new Deno.Command(Deno.execPath(), {
    args: args ?? await startArguments(),
    cwd: ROOT,
    clearEnv: true,
    env: {
      ...surroundings(),
      HOST: "127.0.0.1",
      LOG_FORMAT: "json",
      NO_COLOR: "1",
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The variables that programs of a test get from outside; a developer's settings are not among them. */
export function surroundings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => PASSED_ON.test(name)),
  );
}

/** The arguments of `deno task start`: tests run the service with its real permissions. */
async function startArguments(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [deno, run, ...rest] = (tasks.start as string).split(/\s+/);
  if (deno !== "deno" || run !== "run") throw new Error("deno task start runs something else");
  return [run, "--quiet", "--no-check", ...rest];
}
