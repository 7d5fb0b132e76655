import { basename, join } from "node:path";
import { Command } from "commander";
import { Backups } from "../../monitoring/backup.ts";
import { restore, type RestoreResult } from "../../monitoring/restore.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { print } from "../cli.ts";
import { CliError } from "../context.ts";
import { formatBytes, formatCount } from "../format.ts";
import { ProgressBar } from "../progress_bar.ts";
import { configOf } from "../stopped_database.ts";
import { bucketOf, fromOption } from "./backup.ts";

interface RestoreFlags extends CommonFlags {
  yes: boolean;
  verify: boolean;
  from?: "s3";
}

const LATEST = "latest";

/** `restore FILE`: a backup in the place of the database, while the service is stopped. */
export function restoreCommand(cli: Cli): Command {
  return new Command("restore")
    .description("Puts a backup in the place of the database, while the service is stopped.")
    .argument("<backup>", `a file, the name of one in DATA_DIR/backups, or ${LATEST}`)
    .addOption(fromOption())
    .option("--verify", "only check the backup and show what it would replace", false)
    .option("--yes", "do it; without this it only shows what it would do", false)
    .addHelpText(
      "after",
      `
The database that is replaced stays beside it. With --from s3 the backup of that name, or the
${LATEST} one, is fetched into DATA_DIR/backups first.`,
    )
    .action(async (backup: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RestoreFlags>();
      const { dataDir, kvUrl } = configOf(cli.context);
      if (kvUrl) throw new CliError("the database is on KV_URL: restore it where it lies");
      const folder = join(dataDir, "backups");
      const dryRun = flags.verify || !flags.yes;
      const result = await restore({
        dataDir,
        kvFile: join(dataDir, "pixel.sqlite"),
        backup: () => flags.from ? fetched(cli, backup, folder) : onDisk(backup, folder),
        dryRun,
      });
      const said = { ...result, restored: !dryRun };
      print(cli, flags, said, () => resultText(result, flags.from !== undefined, dryRun));
    });
}

function resultText(
  { backup, entries, replaced }: RestoreResult,
  isFetched: boolean,
  dryRun: boolean,
): string {
  const lines = [
    ...(isFetched ? [`The backup was fetched to ${backup}.`] : []),
    `The backup ${basename(backup)} is sound and holds ${formatCount(entries)} entries.`,
  ];
  if (replaced) {
    const { bytes, modifiedAt, entries: known, keptAs } = replaced;
    const count = known === null ? "unreadable" : `${formatCount(known)} entries`;
    lines.push(
      dryRun
        ? `It would replace a database of ${modifiedAt ?? "unknown age"} (${
          formatBytes(bytes)
        }, ${count}).`
        : `The database it replaced is kept as ${keptAs}.`,
    );
  }
  const unchanged = `Nothing${isFetched ? " else" : ""} was changed. Add --yes to restore.`;
  lines.push(dryRun ? unchanged : "It was restored.");
  return lines.join("\n") + "\n";
}

/** Downloads a backup and gives its path. */
async function fetched(cli: Cli, wanted: string, folder: string): Promise<string> {
  const offsite = bucketOf(cli);
  const { signal } = cli.context;
  const name = wanted === LATEST ? (await offsite.list(signal))[0]?.name : basename(wanted);
  if (name === undefined) throw new CliError(`there is no backup in ${offsite.bucket.address}`);
  const bar = new ProgressBar(cli.context, "Fetching");
  try {
    return await offsite.fetch(name, folder, {
      signal,
      progress: (done, total) => bar.update(done, total, formatBytes(done)),
    });
  } finally {
    bar.clear();
  }
}

/** A name without a folder may be that of a backup in DATA_DIR. */
async function onDisk(wanted: string, folder: string): Promise<string> {
  if (wanted === LATEST) {
    const newest = (await new Backups(folder, "").list())[0];
    if (!newest) throw new CliError(`there is no backup in ${folder}`);
    return newest.path;
  }
  const isName = basename(wanted) === wanted;
  const here = await Deno.stat(wanted).catch(() => null);
  const kept = join(folder, wanted);
  return isName && !here && await Deno.stat(kept).catch(() => null) ? kept : wanted;
}
