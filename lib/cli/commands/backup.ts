import { Command, Option } from "commander";
import type { z } from "zod";
import { openOffsite } from "../../monitoring/offsite_backups.ts";
import type { BackupsAnswer } from "../../wire/schemas/backups.ts";
import { asking, type Cli, type CommonFlags, numbers, print, tableOrNone } from "../cli.ts";
import { connect } from "../connect.ts";
import { CliError, USAGE_ERROR } from "../context.ts";
import { formatBytes } from "../format.ts";
import { configOf } from "../stopped_database.ts";
import { runSchedule } from "./queues.ts";

type Listed = Omit<z.infer<typeof BackupsAnswer>, "status" | "timestamp">;

/** Where backups are looked for beside the disk. */
export const fromOption = () =>
  new Option("--from <place>", "s3 = the bucket itself (BACKUP_S3_*), without the service")
    .choices(["s3"]);

/** `backup`: makes one now; `backup list` shows all that there are. */
export function backupCommand(cli: Cli): Command {
  return new Command("backup").description("Backs up the database and waits for it.")
    .action(asking(cli, async (api, flags) => {
      const task = await runSchedule(cli, api, "backup-database");
      const { name, bytes, upload, skipped } = task.result as Record<string, string>;
      print(
        cli,
        flags,
        task,
        () =>
          skipped
            ? `no backup: ${skipped}\n`
            : `${name} (${formatBytes(Number(bytes))}) is made and checked\n` +
              (upload ? "its upload goes on as a task: deno task pixel backup list\n" : ""),
      );
    }))
    .addCommand(
      new Command("list").description("Lists the backups, on the disk and in the bucket.")
        .addOption(fromOption())
        .action(async (_flags: unknown, command: Command) => {
          const flags = command.optsWithGlobals<CommonFlags & { from?: "s3" }>();
          const { backups, bucket } = flags.from ? await inBucket(cli) : await known(cli, flags);
          print(cli, flags, { backups, bucket }, () => listText(cli, { backups, bucket }));
          if (bucket?.problem || bucket?.error) cli.finish(1);
        }),
    );
}

async function known({ context }: Cli, flags: CommonFlags): Promise<Listed> {
  return await (await connect(context.env, flags)).call("GET /maintenance/backups", {});
}

/** What is in the bucket, read from there: the service and its disk may be gone. */
async function inBucket({ context }: Cli): Promise<Listed> {
  const offsite = bucketOf({ context });
  const found = await offsite.list(context.signal);
  return {
    backups: found.map(({ name, at, compressedBytes }) => ({
      name,
      created_at: new Date(at).toISOString(),
      compressed_bytes: compressedBytes,
      on_disk: false,
      in_bucket: true,
    })),
    bucket: { address: offsite.bucket.address, uploaded_at: null, error: null, problem: null },
  };
}

/** The bucket of the configuration, which must have one. */
export function bucketOf({ context }: Pick<Cli, "context">) {
  const offsite = openOffsite(configOf(context));
  if (offsite) return offsite;
  throw new CliError(
    "no bucket is configured: set BACKUP_S3_BUCKET and its companions",
    USAGE_ERROR,
  );
}

function listText(cli: Cli, { backups, bucket }: Listed): string {
  const table = tableOrNone(
    cli,
    [{ title: "backup", whole: true }, numbers("size"), { title: "where" }],
    backups.map(({ name, compressed_bytes, on_disk, in_bucket }) => [
      name,
      formatBytes(compressed_bytes),
      [on_disk && "disk", in_bucket && "bucket"].filter(Boolean).join(", "),
    ]),
    "There are no backups.",
  );
  if (!bucket) return table;
  const { address, uploaded_at, error, problem } = bucket;
  const last = uploaded_at ? `, complete at ${uploaded_at.slice(0, 16)}Z` : "";
  return table + `The bucket is ${address}${last}.\n` +
    (error ? `The last upload failed: ${error}\n` : "") +
    (problem ? `It cannot be listed: ${problem}\n` : "");
}
