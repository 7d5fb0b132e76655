/** An answer of a server, with what it took since its request was written. */
export interface Answer {
  status: number;
  body: string;
  ms: number;
}

/** As many bytes as the largest answer that is asked for here. */
const BUFFER = 256 * 1024;
const GIVE_UP_MS = 30_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Plain HTTP/1.1 over connections that stay open, one request at a time on each: a fifth of what
 * `fetch` costs, so that one process can offer a server more than it can take.
 */
export class Connections implements AsyncDisposable {
  readonly #idle: Deno.TcpConn[] = [];
  readonly #waiting: ((connection: Deno.TcpConn | null) => void)[] = [];
  #open = 0;
  #closed = false;

  constructor(readonly address: { hostname: string; port: number }, readonly most: number) {}

  /** Requests that wait for a free connection. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends a request; null when it was given up before it was sent. Throws when the server breaks off. */
  async send(request: string): Promise<Answer | null> {
    const connection = await this.#take();
    if (!connection) return null;
    const timer = setTimeout(() => connection.close(), GIVE_UP_MS);
    try {
      const from = performance.now();
      await writeAll(connection, encoder.encode(request));
      const { status, body } = await readAnswer(connection);
      const ms = performance.now() - from;
      this.#give(connection);
      return { status, body, ms };
    } catch (error) {
      this.#open--;
      if (!this.#closed) throw error;
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives up the requests that have not been sent. */
  drop(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.drop();
    for (const connection of this.#idle.splice(0)) connection.close();
    return Promise.resolve();
  }

  async #take(): Promise<Deno.TcpConn | null> {
    if (this.#closed) return null;
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#open < this.most) {
      this.#open++;
      return await Deno.connect(this.address);
    }
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(connection: Deno.TcpConn): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else if (this.#closed) connection.close();
    else this.#idle.push(connection);
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads one answer with a length or in chunks. */
async function readAnswer(connection: Deno.TcpConn): Promise<{ status: number; body: string }> {
  let text = "";
  const buffer = new Uint8Array(16 * 1024);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the server closed the connection");
    text += decoder.decode(buffer.subarray(0, count));
    if (text.length > BUFFER) throw new Error("an answer is longer than expected");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const head = text.slice(0, end).toLowerCase();
    const body = text.slice(end + 4);
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    const whole = length !== undefined
      ? encoder.encode(body).length >= Number(length)
      : body.endsWith("0\r\n\r\n");
    if (whole) return { status: Number(head.slice(9, 12)), body };
  }
}

/** The text of a request; `body` is sent as JSON. */
export function requestText(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): string {
  const content = body === undefined ? "" : JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, "host: bench"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (content !== "") {
    lines.push("content-type: application/json");
    lines.push(`content-length: ${encoder.encode(content).length}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n${content}`;
}
