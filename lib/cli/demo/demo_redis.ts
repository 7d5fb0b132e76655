import { sleep } from "../../clock.ts";

/** A redis-server of the demo's own, which can be killed and started again. */
export interface DemoRedis extends AsyncDisposable {
  url: string;
  readonly running: boolean;
  /** Kills it; what it held is gone, since it keeps nothing on disk. */
  kill(): Promise<void>;
  /** Starts it again, empty, at the same address. */
  start(): Promise<void>;
}

const READY_MS = 60_000;
const POLL_MS = 30;

/** Starts redis-server on a port of this machine; null where the program is not installed. */
export async function startDemoRedis(port: number): Promise<DemoRedis | null> {
  let child: Deno.ChildProcess | null = null;
  const redis: DemoRedis = {
    url: `redis://127.0.0.1:${port}`,
    get running() {
      return child !== null;
    },
    async start() {
      if (child) return;
      const started = new Deno.Command("redis-server", {
        args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
        detached: true, // a terminal's Ctrl-C is not for it: it outlives the service, which needs it
      }).spawn();
      child = started;
      started.status.then(() => {
        if (child === started) child = null;
      });
      const deadline = performance.now() + READY_MS;
      while (!await answers(port)) {
        if (!child || performance.now() > deadline) throw new Error("redis-server did not start");
        await sleep(POLL_MS);
      }
    },
    async kill() {
      const running = child;
      if (!running) return;
      running.kill("SIGKILL");
      await running.status;
      child = null;
    },
    [Symbol.asyncDispose]: () => redis.kill(),
  };
  try {
    await redis.start();
    return redis;
  } catch (error) {
    await redis.kill();
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return null;
    }
    throw error;
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    return (await connection.read(new Uint8Array(16)) ?? 0) > 0;
  } catch {
    return false;
  }
}
