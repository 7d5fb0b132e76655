/** Where a log goes that nobody else keeps: a file that is turned over before it grows too large. */
export interface LogFileOptions {
  path: string;
  /** Turned over before a line would make it larger than this. */
  maxBytes: number;
  /** Files kept beside the one that is written: `path.1` is the newest. */
  kept?: number;
}

/** Full files that are kept beside the one that is written. */
export const KEPT = 5;
const encoder = new TextEncoder();

/**
 * Appends lines to a file and keeps the last few full ones. Writes are synchronous, so that the
 * last line before a crash is there. Throws when the file cannot be opened.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #kept: number;
  #file: Deno.FsFile;
  #bytes: number;

  constructor({ path, maxBytes, kept = KEPT }: LogFileOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#kept = kept;
    this.#file = open(path);
    this.#bytes = this.#file.statSync().size;
  }

  /** Adds a line. A full disk costs the line, never the service. */
  write(line: string): void {
    const bytes = encoder.encode(line + "\n");
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#turnOver();
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
      this.#bytes += bytes.length;
    } catch {
      // Nowhere is left to say it; the health report tells of a full disk.
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #turnOver(): void {
    for (let number = this.#kept - 1; number >= 1; number--) {
      move(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
    }
    move(this.#path, `${this.#path}.1`);
    const next = open(this.#path);
    this.#file.close();
    this.#file = next;
    this.#bytes = next.statSync().size;
  }
}

function open(path: string): Deno.FsFile {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  if (folder) Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

function move(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
