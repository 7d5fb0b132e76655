import type { WriteSet } from "../kv/write_set.ts";

const UPLOADED: Deno.KvKey = ["health", "upload", "done"];
const FAILED: Deno.KvKey = ["health", "upload", "failed"];

/** How the uploads of backups have ended. */
export interface UploadRecord {
  /** When everything was last in the bucket (ms UTC); null before the first time. */
  doneAt: number | null;
  /** The failure since then that nothing will try again. */
  failed: { at: number; error: string } | null;
}

/** Reads how they have ended. */
export async function readUploadRecord(kv: Deno.Kv): Promise<UploadRecord> {
  const [done, failed] = await kv.getMany<[number, NonNullable<UploadRecord["failed"]>]>([
    UPLOADED,
    FAILED,
  ]);
  return { doneAt: done.value, failed: failed.value };
}

/** Adds that everything is in the bucket. */
export function recordUpload(tx: WriteSet, at: number): void {
  tx.set(UPLOADED, at).delete(FAILED);
}

/** Adds that an upload has failed for good. */
export function recordFailedUpload(tx: WriteSet, at: number, error: string): void {
  tx.set(FAILED, { at, error });
}
