import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LONGEST_MS = 120_000;
const MARK = "::ended::";

/** How a command ended, and what it printed on both of its outputs. */
export interface Ended {
  code: number;
  output: string;
}

/**
 * A person's shell in the folder of the program: what one command sets, the next one has. Every
 * command must end by itself; those that do not are for `Background`.
 */
export class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #said = "";

  constructor(env: Record<string, string>) {
    this.#child = new Deno.Command("bash", {
      args: ["--noprofile", "--norc"],
      cwd: ROOT,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async run(command: string): Promise<Ended> {
    const line = `{ ${command}\n} </dev/null 2>&1\nprintf '\\n${MARK} %d\\n' $?\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LONGEST_MS);
    try {
      for (;;) {
        const end = new RegExp(`\n${MARK} (\\d+)\n`).exec(this.#said);
        if (end) {
          const output = this.#said.slice(0, end.index);
          this.#said = this.#said.slice(end.index + end[0].length);
          return { code: Number(end[1]), output };
        }
        const { done, value } = await this.#output.read();
        if (done) throw new Error(`the shell ended in: ${command}\n${this.#said}`);
        this.#said += value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    while (!(await this.#output.read()).done);
    await this.#child.status;
  }
}

/** A command that runs until Ctrl-C. */
export class Background implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  #output = "";
  #wake = () => {};
  #ended = false;

  constructor(command: string, env: Record<string, string>) {
    // The program takes the shell's place, so that a signal reaches it.
    const [, settings, rest] = /^((?:[A-Z_]+=\S+ )*)([\s\S]*)$/.exec(command)!;
    this.#child = new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-c", `${settings}exec ${rest}`],
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.exited = this.#child.status;
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)])
      .then(() => (this.#ended = true, this.#wake()));
  }

  /** Resolves once it has printed this. */
  async says(pattern: RegExp): Promise<void> {
    const deadline = performance.now() + LONGEST_MS;
    while (!pattern.test(this.#output)) {
      if (this.#ended || performance.now() > deadline) {
        throw new Error(`said no ${pattern}:\n${this.#output}`);
      }
      const timer = Promise.withResolvers<void>();
      this.#wake = timer.resolve;
      const late = setTimeout(timer.resolve, deadline - performance.now());
      await timer.promise;
      clearTimeout(late);
    }
  }

  /** Presses Ctrl-C and waits for the end. */
  async interrupt(): Promise<Ended> {
    if (!this.#ended) this.#child.kill("SIGINT");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LONGEST_MS);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
    return { code, output: this.#output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#wake();
    }
  }
}
