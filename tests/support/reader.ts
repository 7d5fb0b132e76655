import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { surroundings } from "./service.ts";
import { Background, type Ended, Shell } from "./shell.ts";

const DEMO = /deno task demo$/;
const START = /deno task start$/;
const DETACHED = /deno task pixel start --detach/;
const STOP = /deno task pixel stop/;

/** Where a reader tries things out. */
export interface Place {
  /** Addresses, files and names of the page, and what stands for them here. */
  instead: [from: string | RegExp, to: string][];
  /** Settings of the service that the page takes for granted. */
  env?: Record<string, string>;
}

/** Does what a page says in its order, on a free port and a folder that is deleted. */
export class Reader implements AsyncDisposable {
  readonly dataDir: string;
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #shell: Shell;
  #service: { command: string; process: Background | null } | null = null;

  constructor(readonly folder: string, private readonly place: Place) {
    this.dataDir = join(folder, "data");
    const port = String(freePort());
    this.url = `http://127.0.0.1:${port}`;
    this.#env = {
      ...surroundings(),
      NO_COLOR: "1",
      PORT: port,
      DATA_DIR: this.dataDir,
      ...place.env,
    };
    this.#shell = new Shell(this.#env);
  }

  /** The admin token that the first start wrote. */
  async token(): Promise<string> {
    return (await Deno.readTextFile(join(this.dataDir, "admin-token"))).trim();
  }

  /** An answer of the API. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/performance${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        "content-type": "application/json",
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  /** Runs a command to its end, or as far as it shows that it has begun. */
  async run(text: string): Promise<Ended> {
    const command = this.#adapted(text);
    const said = command.replace(/\s+#.*$/, "");
    if (START.test(said)) return await this.#start(said);
    if (DEMO.test(said)) return await this.#tryOut(`${said} --port 0 --days 2`, /Ctrl-C ends it/);
    if (/ monitor\b/.test(said)) return await this.#watch(said);
    if (/task_url\.py/.test(said)) return await this.#listen(said);
    if (DETACHED.test(said)) await this.stopService();
    const ended = await this.#shell.run(command);
    if (DETACHED.test(said)) this.#service = { command: said, process: null };
    if (STOP.test(said)) this.#service = null;
    return ended;
  }

  /** Starts the service unless it runs already. */
  async needService(): Promise<void> {
    if (!this.#service) await this.#start("deno task start");
  }

  /** Ends the service that a command began; a foreground one by Ctrl-C, which must end it with 0. */
  async stopService(): Promise<void> {
    const service = this.#service;
    this.#service = null;
    if (!service) return;
    const { code, output } = service.process
      ? await service.process.interrupt()
      : await this.#shell.run("deno task pixel stop");
    assert.equal(code, 0, `${service.command}, stopped: ${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopService().finally(() => this.#shell[Symbol.asyncDispose]());
  }

  #adapted(text: string): string {
    const instead: Place["instead"] = [
      [/npx -y deno@[\d.]+/g, "deno"],
      ["http://127.0.0.1:8002", this.url],
      ...this.place.instead,
    ];
    return instead.reduce((line, [from, to]) => line.replaceAll(from, () => to), text);
  }

  async #start(command: string): Promise<Ended> {
    const done = { code: 0, output: "" };
    if (this.#service?.command === command) return done;
    await this.stopService();
    const process = new Background(command, this.#env);
    this.#service = { command, process };
    await process.says(/"message":"ready"/);
    return done;
  }

  async #tryOut(command: string, begun: RegExp): Promise<Ended> {
    await using process = new Background(command, this.#env);
    await process.says(begun);
    return await process.interrupt();
  }

  /** Whoever watches sees events from some moment on: so things happen until one was seen. */
  async #watch(command: string): Promise<Ended> {
    await using process = new Background(command, this.#env);
    let seen = false;
    const seeing = process.says(/\btask\b/).finally(() => seen = true);
    for (let turn = 0; !seen; turn++) {
      await this.ask("POST", "/conversations/queue", {
        conversation_id: `watched-${turn}`,
        bot_id: "bakery",
        user_message: "When do you open?",
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await seeing;
    return await process.interrupt();
  }

  /** A server of the page's own: it has begun when its port answers, and Ctrl-C ends it somehow. */
  async #listen(command: string): Promise<Ended> {
    const port = Number(/PORT=(\d+)/.exec(command)![1]);
    await using process = new Background(command, this.#env);
    let ended = false;
    void process.exited.then(() => ended = true);
    for (let open = false; !open && !ended;) {
      open = await Deno.connect({ hostname: "127.0.0.1", port }).then(
        (connection) => (connection.close(), true),
        () => new Promise((resolve) => setTimeout(() => resolve(false), 50)),
      );
    }
    const served = !ended;
    const { output } = await process.interrupt();
    return { code: served ? 0 : 1, output };
  }
}
