import { messageOf } from "../../lib/errors.ts";
import type { OffsiteBackup } from "../../lib/monitoring/offsite_backups.ts";
import { within } from "../../lib/monitoring/deadline.ts";
import { retentionTable } from "../../lib/monitoring/retention.ts";
import { readUploadRecord } from "../../lib/monitoring/upload_record.ts";
import { BackupsAnswer, KeptAnswer } from "../../lib/wire/schemas/backups.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

/** Sizes are read from the disk, and no longer than this. */
const MEASURE_MS = 5_000;
const LIST_MS = 10_000;

/** What is kept for how long, and the backups of it. */
export function addBackups(api: ApiBuilder): void {
  const { db, clock, backups, offsite, config } = api.deps;

  const bucketState = async () => {
    if (!offsite) return null;
    const { doneAt, failed } = await readUploadRecord(db.kv);
    return {
      address: offsite.bucket.address,
      uploaded_at: doneAt === null ? null : instant(doneAt),
      error: failed?.error ?? null,
    };
  };

  api.add({
    route: "GET /maintenance/retention",
    tag: "System",
    summary: "How long everything is kept, how large the database is, and its backups",
    answer: KeptAnswer,
    async handle() {
      const size = backups ? await within(() => backups.databaseSize(), MEASURE_MS, clock) : null;
      const kept = backups ? await backups.list() : [];
      return {
        retention: retentionTable(config.retention).map((row) => ({
          records: row.records,
          kept_for: row.keptFor,
          ...(row.variable ? { variable: row.variable } : {}),
        })),
        database: size && {
          bytes: size.bytes,
          reclaimable_bytes: size.reclaimableBytes,
          growth_bytes_per_day: size.growthBytesPerDay,
        },
        backups: kept.map((backup) => ({
          name: backup.name,
          created_at: instant(backup.at),
          compressed_bytes: backup.compressedBytes,
          entries: backup.manifest?.entries ?? null,
        })),
        bucket: await bucketState(),
      };
    },
  });

  api.add({
    route: "GET /maintenance/backups",
    tag: "System",
    summary: "Every backup, on the disk and in the bucket, newest first",
    answer: BackupsAnswer,
    async handle() {
      let there: OffsiteBackup[] | null = null;
      let problem: string | null = null;
      try {
        there = offsite && await within((signal) => offsite.list(signal), LIST_MS, clock);
      } catch (error) {
        problem = messageOf(error, 500);
      }
      const state = await bucketState();
      const here = backups ? await backups.list() : [];
      const all = new Map([...(there ?? []), ...here].map((backup) => [backup.name, backup]));
      const names = (list: { name: string }[]) => new Set(list.map(({ name }) => name));
      const onDisk = names(here), inBucket = there && names(there);
      return {
        backups: [...all.values()].toSorted((a, b) => b.at - a.at).map((backup) => ({
          name: backup.name,
          created_at: instant(backup.at),
          compressed_bytes: backup.compressedBytes,
          on_disk: onDisk.has(backup.name),
          in_bucket: inBucket && inBucket.has(backup.name),
        })),
        bucket: state && { ...state, problem },
      };
    },
  });
}
