import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RedisServer } from "../support/redis.ts";

const SCRIPT = fileURLToPath(new URL("../support/cache_process.ts", import.meta.url));

/** One process with many callers of one key. */
class Asker {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  computing = 0;

  constructor(url: string, factoryMs: number) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", SCRIPT, url, "cold:key", "50", String(factoryMs)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = lines(this.#child.stdout);
  }

  /** The next line, counting those that say that it computes. */
  async next(): Promise<string> {
    const line = String((await this.#lines.next()).value ?? "");
    if (line === "computing") this.computing++;
    return line;
  }

  async begin(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new Uint8Array([10]));
    await writer.close();
  }

  /** Its answers, once it has them. */
  async answers(): Promise<string[]> {
    let line = await this.next();
    while (!line.startsWith("{")) {
      assert.notEqual(line, "", "ended without an answer");
      line = await this.next();
    }
    await this.#child.status;
    await this.#lines.next();
    return JSON.parse(line).answers;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    while (!(await this.#lines.next()).done) { /* what it had still said */ }
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + text).split("\n");
    rest = pieces.pop()!;
    yield* pieces;
  }
}

async function start(server: RedisServer, factoryMs: number): Promise<Asker[]> {
  const askers = Array.from({ length: 4 }, () => new Asker(server.url, factoryMs));
  for (const asker of askers) assert.equal(await asker.next(), "open");
  return askers;
}

Deno.test({
  name: "cache stampede: 4 processes with 50 callers each compute a cold key once",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    const askers = await start(server, 300);
    await Promise.all(askers.map((asker) => asker.begin()));
    const answers = await Promise.all(askers.map((asker) => asker.answers()));
    assert.equal(new Set(answers.flat()).size, 1);
    assert.equal(askers.reduce((sum, asker) => sum + asker.computing, 0), 1);
  },
});

Deno.test({
  name: "cache stampede: when the process that computes is killed, one other computes",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    const [holder, ...others] = await start(server, 1_000);
    await holder!.begin();
    while (await holder!.next() !== "computing") { /* until it holds the lease */ }
    await Promise.all(others.map((asker) => asker.begin()));
    const answers = Promise.all(others.map((asker) => asker.answers()));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await holder!.kill();
    assert.equal(new Set((await answers).flat()).size, 1);
    assert.equal(others.reduce((sum, asker) => sum + asker.computing, 0), 1);
  },
});
