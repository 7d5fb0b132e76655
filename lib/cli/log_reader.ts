import { sleep } from "../clock.ts";
import { KEPT } from "../log_file.ts";

const POLL_MS = 200;

/**
 * Reads a log that its writer turns over (`path` to `path.1`, that to `path.2`, …) while it does:
 * every line once, and in order.
 */
export class LogReader implements Disposable {
  #file: Deno.FsFile;
  #decoder = new TextDecoder();
  #buffer = new Uint8Array(64 * 1_024);
  /** The beginning of a line whose end is not written yet. */
  #rest = "";

  private constructor(private readonly path: string, file: Deno.FsFile) {
    this.#file = file;
  }

  /** Rejects where there is no such file. */
  static async open(path: string): Promise<LogReader> {
    return new LogReader(path, await Deno.open(path));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** What is there already, oldest first. `rest` adds a last line that has no end yet. */
  async existing(options: { rest: boolean }): Promise<string[]> {
    const lines = [...await this.#older(), ...await this.#written()];
    return options.rest && this.#rest !== "" ? [...lines, this.#rest] : lines;
  }

  /** Gives lines as they are added, until the signal. */
  async follow(take: (line: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const line of await this.#written()) take(line);
      if (!await this.#isTurnedOver()) {
        await sleep(POLL_MS, signal).catch(() => {});
        continue;
      }
      // Nothing is added to it any more: what came since the last look is its end.
      for (const line of await this.#written()) take(line);
      const next = await this.#next();
      if (!next) continue;
      this.#file.close();
      this.#file = next;
    }
  }

  async #older(): Promise<string[]> {
    const { ino } = await this.#file.stat();
    let text = "";
    for (let number = KEPT; number >= 1; number--) {
      using file = await openIfThere(`${this.path}.${number}`);
      if (!file) continue;
      if ((await file.stat()).ino === ino) break; // turned over since it was opened
      text += await new Response(file.readable).text();
    }
    return text.split("\n").filter((line) => line !== "");
  }

  async #written(): Promise<string[]> {
    const lines: string[] = [];
    for (let count; (count = await this.#file.read(this.#buffer));) {
      const text = this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
      const [first, ...more] = text.split("\n");
      this.#rest += first;
      for (const line of more) {
        lines.push(this.#rest);
        this.#rest = line;
      }
    }
    return lines;
  }

  async #isTurnedOver(): Promise<boolean> {
    const named = await Deno.stat(this.path).catch(() => null);
    return named !== null && named.ino !== (await this.#file.stat()).ino;
  }

  /**
   * The file that came after the open one; where that is gone, the oldest there is. Null while names
   * are changing.
   */
  async #next(): Promise<Deno.FsFile | null> {
    const { ino } = await this.#file.stat();
    const nameOf = (number: number) => number === 0 ? this.path : `${this.path}.${number}`;
    let number = 1;
    for (; number <= KEPT; number++) {
      const info = await Deno.stat(nameOf(number)).catch(() => null);
      if (info?.ino === ino) break;
    }
    const found = number <= KEPT;
    const next = await openIfThere(nameOf(number - 1));
    const still = found
      ? (await Deno.stat(nameOf(number)).catch(() => null))?.ino === ino
      : next !== null;
    if (next && still) return next;
    next?.close();
    return null;
  }
}

async function openIfThere(path: string): Promise<Deno.FsFile | null> {
  return await Deno.open(path).catch(() => null);
}
