/// <reference lib="deno.worker" />
import { messageOf } from "../errors.ts";
import { type BackupManifest, measureDatabase, unpackBackup, writeBackup } from "./backup_file.ts";
import { overwriteFreed } from "./overwrite_freed.ts";

/** What the worker is asked for; it answers once. */
export type BackupRequest =
  | { type: "write"; source: string; target: string; createdAt: string }
  | { type: "measure"; source: string }
  | { type: "overwrite"; source: string }
  | { type: "unpack"; backupFile: string; target: string; manifest: BackupManifest | null };

self.onmessage = async (event: MessageEvent<BackupRequest>) => {
  const request = event.data;
  try {
    const value = request.type === "write"
      ? await writeBackup(request.source, request.target, request.createdAt)
      : request.type === "measure"
      ? measureDatabase(request.source)
      : request.type === "overwrite"
      ? await overwriteFreed(request.source)
      : await unpackBackup(request.backupFile, request.target, request.manifest);
    self.postMessage({ value });
  } catch (error) {
    self.postMessage({ error: messageOf(error) });
  }
};

// Errors of zstd streams are thrown past the stream, and its pipeline then never ends.
self.addEventListener("error", (event) => {
  event.preventDefault();
  self.postMessage({ error: messageOf(event.error) });
});
