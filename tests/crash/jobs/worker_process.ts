import { fileURLToPath } from "node:url";
import type { WorkerOrder } from "./order.ts";

const PROGRAM = fileURLToPath(new URL("./worker.ts", import.meta.url));
const TOLD_TIMEOUT_MS = 180_000;
const MAX_LINES = 30;

export interface Told {
  event: string;
  [name: string]: unknown;
}

/** A worker in a process of its own, and what it has said so far. */
export class WorkerProcess {
  /** Resolves when the process has ended and all it said was read. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #said: Told[] = [];
  readonly #errors: string[] = [];
  readonly #startedAt = performance.now();
  #listeners = new Set<() => void>();
  #over = false;
  /** From the start of the process to the first job that it completed, or to nothing left to do. */
  recoveryMs: number | null = null;

  constructor(order: WorkerOrder) {
    const scope = ["read", "write", "env", "run", "sys", "net"].map((name) => `--allow-${name}`);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", ...scope, PROGRAM, JSON.stringify(order)],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#follow();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it has said of this kind so far. */
  said(event: string): Told[] {
    return this.#said.filter((told) => told.event === event);
  }

  /** Waits until it says so; rejects with what it wrote to stderr when it ends or takes too long. */
  async told(event: string): Promise<Told> {
    const endsAt = performance.now() + TOLD_TIMEOUT_MS;
    for (;;) {
      const told = this.said(event)[0];
      if (told) return told;
      const left = endsAt - performance.now();
      if (this.#over || left <= 0) {
        const why = this.#over ? "ended" : "took too long";
        throw new Error(
          `the worker ${why} before it said "${event}"; it said ${
            this.#said.map((t) => t.event)
          } and wrote:\n${this.#errors.join("\n")}`,
        );
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#listeners.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#listeners.delete(resolve);
    }
  }

  signal(signal: Deno.Signal): void {
    if (!this.#over) Deno.kill(this.pid, signal);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
    await this.ended;
  }

  async #follow(): Promise<Deno.CommandStatus> {
    await Promise.all([
      lines(this.#child.stdout, (line) => this.#hear(JSON.parse(line))),
      lines(this.#child.stderr, (line) => {
        this.#errors.push(line);
        if (this.#errors.length > MAX_LINES) this.#errors.shift();
      }),
    ]);
    const status = await this.#child.status;
    this.#over = true;
    for (const wake of this.#listeners) wake();
    return status;
  }

  #hear(told: Told): void {
    this.#said.push(told);
    if (told.event === "first" || told.event === "drained") {
      this.recoveryMs ??= performance.now() - this.#startedAt;
    }
    for (const wake of this.#listeners) wake();
  }
}

async function lines(
  stream: ReadableStream<Uint8Array>,
  use: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop()!; // a last line that was cut off by a kill says nothing
    for (const part of parts) if (part) use(part);
  }
}
