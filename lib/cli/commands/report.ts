import { Argument, Command } from "commander";
import { REPORT_TYPES } from "../../wire/schemas/analytics.ts";
import { asking, type Cli, print } from "../cli.ts";
import { plainText } from "../format.ts";

/** `report KIND`: a report's figures. */
export function reportCommand(cli: Cli): Command {
  return new Command("report")
    .description("Shows the report of a day, a week or a month.")
    .addArgument(new Argument("<kind>", "of period").choices(REPORT_TYPES))
    .option("--date <day>", "any day in it, as 2026-01-31 (default: the last full period)")
    .addHelpText("after", "\nExample:\n  deno task pixel report weekly --date 2026-01-31")
    .action(asking<{ date?: string }>(cli, async (api, flags, [kind]) => {
      const query = { date: flags.date };
      const path = `/analytics/${kind}`;
      const { analytics } = await api.request<{ analytics: object }>("GET", path, { query });
      print(cli, flags, analytics, () => outline(analytics).join("\n") + "\n");
    }));
}

/** An object as indented lines, lists of objects as one line each. */
function outline(value: object, indent = ""): string[] {
  return Object.entries(value).flatMap(([name, part]) => {
    const title = indent + name.replaceAll("_", " ");
    if (Array.isArray(part)) {
      const rows = part.map((row) =>
        `${indent}  ${plainText(Object.values(row).map(cell).join("  "))}`
      );
      return [title, ...rows];
    }
    if (part !== null && typeof part === "object") return [title, ...outline(part, `${indent}  `)];
    return [`${title}: ${plainText(cell(part))}`];
  });
}

const cell = (value: unknown): string => value === null ? "–" : String(value);
