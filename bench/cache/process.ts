import { fileURLToPath } from "node:url";

/** No case takes this long on any machine of today; one that does has hung. */
const CASE_MS = 90_000;

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** One of the compared caches, in a process of its own with the peers' own dependencies. */
export class SubjectProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  private constructor(readonly name: string, url: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--no-check",
        "--no-lock",
        "--config",
        path("deno.json"),
        path("subject.mjs"),
        name,
        url,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  static async start(name: string, url: string): Promise<SubjectProcess> {
    const subject = new SubjectProcess(name, url);
    await subject.#answer();
    return subject;
  }

  /** Runs one case and gives its figures; ends the process where that takes too long. */
  async run<T = Record<string, number>>(
    options: { case: string } & Record<string, unknown>,
  ): Promise<T> {
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), CASE_MS);
    try {
      await this.#input.write(new TextEncoder().encode(JSON.stringify(options) + "\n"));
      const answer = await this.#answer();
      if ("error" in answer) throw new Error(`${this.name}: ${answer.error}`);
      return answer as T;
    } finally {
      clearTimeout(limit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#input.abort().catch(() => {});
    while (!(await this.#lines.next()).done) { /* what it had still said */ }
  }

  async #answer(): Promise<Record<string, number>> {
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.name} ended without an answer`);
    return JSON.parse(line.value);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + text).split("\n");
    rest = pieces.pop()!;
    yield* pieces;
  }
}
