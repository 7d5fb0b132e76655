import { freePort } from "../tests/support/ports.ts";
import { type HttpServer, startServer } from "./peers/servers.ts";

const ROOT = new URL("../", import.meta.url);

/** This project's service, as `deno task start` runs it, with a folder of its own. */
export interface BenchedService extends HttpServer {
  folder: string;
  /** The administrator's. */
  token: string;
}

/**
 * Starts the service; `env` in addition to port, folder and token, `prepare` fills the folder
 * before. Disposing of it removes all.
 */
export async function startService(
  env: Record<string, string>,
  prepare?: (folder: string) => Promise<void>,
): Promise<BenchedService> {
  const token = `bench-${crypto.randomUUID()}`;
  const folder = await Deno.makeTempDir({ prefix: "bench-pixel-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await prepare?.(folder);
  const port = freePort();
  const args = ["task", "--quiet", "start"];
  const { url, pid } = stack.use(
    await startServer(port, "/readyz", Deno.execPath(), args, {
      cwd: ROOT,
      env: { PORT: String(port), DATA_DIR: folder, ADMIN_TOKEN: token, ...env },
    }),
  );
  const rest = stack.move();
  return { url, pid, folder, token, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}
