import { basename, join } from "node:path";
import { Command } from "commander";
import { loadConfig } from "../../config/config.ts";
import { restore } from "../../monitoring/restore.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { print } from "../cli.ts";
import { formatBytes, formatCount } from "../format.ts";

interface RestoreFlags extends CommonFlags {
  yes: boolean;
}

/** `restore FILE`: a backup in the place of the database, while the service is stopped. */
export function restoreCommand(cli: Cli): Command {
  return new Command("restore")
    .description("Puts a backup in the place of the database, while the service is stopped.")
    .argument("<backup>", "a file, or the name of one in DATA_DIR/backups")
    .option("--verify", "only check the backup and show what it would replace", false)
    .option("--yes", "do it; without this it only shows what it would do", false)
    .addHelpText("after", "\nThe database that is replaced stays beside it.")
    .action(async (backup: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RestoreFlags & { verify: boolean }>();
      const env = Object.entries(cli.context.env)
        .filter((entry): entry is [string, string] => entry[1] !== undefined);
      const { dataDir } = loadConfig(Object.fromEntries(env));
      const dryRun = flags.verify || !flags.yes;
      const kvFile = join(dataDir, "pixel.sqlite");
      const result = await restore({
        dataDir,
        kvFile,
        backup: await found(backup, dataDir),
        dryRun,
      });
      print(cli, flags, { ...result, restored: !dryRun }, () => {
        const { entries, replaced } = result;
        const lines = [`The backup is sound and holds ${formatCount(entries)} entries.`];
        if (replaced) {
          const { bytes, modifiedAt, entries: known, keptAs } = replaced;
          const size = `${formatBytes(bytes)}, ${
            known === null ? "unreadable" : `${formatCount(known)} entries`
          }`;
          lines.push(
            dryRun
              ? `It would replace a database of ${modifiedAt ?? "unknown age"} (${size}).`
              : `The database it replaced is kept as ${keptAs}.`,
          );
        }
        lines.push(dryRun ? "Nothing was changed. Add --yes to restore." : "It was restored.");
        return lines.join("\n") + "\n";
      });
    });
}

/** A name without a folder may be that of a backup in DATA_DIR. */
async function found(backup: string, dataDir: string): Promise<string> {
  const kept = join(dataDir, "backups", backup);
  const isName = basename(backup) === backup;
  const here = await Deno.stat(backup).catch(() => null);
  return isName && !here && await Deno.stat(kept).catch(() => null) ? kept : backup;
}
