import { dirname } from "node:path";
import type { BackupManifest, Contents, DatabaseSize } from "./backup_file.ts";
import type { BackupRequest } from "./backup_worker.ts";

type Answer<Value> = { value: Value } | { error: string };

/** Runs one request in a thread of its own that may touch nothing but the folders it names. */
function run<Value>(
  request: BackupRequest,
  folders: string[],
  signal?: AbortSignal,
): Promise<Value> {
  const worker = new Worker(new URL("./backup_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: {
        read: folders,
        write: folders,
        env: false,
        ffi: false,
        import: false,
        net: false,
        run: false,
        sys: false,
      },
    },
  });
  return new Promise<Value>((resolve, reject) => {
    const stop = () => reject(signal!.reason);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    worker.onmessage = (event: MessageEvent<Answer<Value>>) => {
      signal?.removeEventListener("abort", stop);
      if ("value" in event.data) resolve(event.data.value);
      else reject(new Error(event.data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

/** `writeBackup` in a thread of its own; an aborted signal ends the thread at once. */
export const writeInThread = (
  request: { source: string; target: string; createdAt: string },
  signal?: AbortSignal,
): Promise<BackupManifest> =>
  run({ type: "write", ...request }, [dirname(request.source), dirname(request.target)], signal);

/** `measureDatabase` in a thread of its own. */
export const measureInThread = (source: string): Promise<DatabaseSize> =>
  run({ type: "measure", source }, [dirname(source)]);

/** `overwriteFreed` in a thread of its own. */
export const overwriteInThread = (source: string): Promise<void> =>
  run({ type: "overwrite", source }, [dirname(source)]);

/** `unpackBackup` in a thread of its own. */
export const unpackInThread = (
  request: { backupFile: string; target: string; manifest: BackupManifest | null },
  signal?: AbortSignal,
): Promise<Contents> =>
  run(
    { type: "unpack", ...request },
    [dirname(request.backupFile), dirname(request.target)],
    signal,
  );
