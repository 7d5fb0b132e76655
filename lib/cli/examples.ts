import type { Command } from "commander";

/** Command lines that show what a command is for, of those that say nothing more in their help. */
const EXAMPLES: Record<string, string[]> = {
  "status": ["status", "status --watch", "status --json"],
  "monitor": ["monitor --queue conversations", "monitor --kind process_conversation --json"],
  "tasks": ["tasks list --status failed", "tasks redrive --queue conversations"],
  "tasks list": ["tasks list --status failed --queue conversations", "tasks list -q bakery"],
  "tasks show": ["tasks show TASK"],
  "tasks cancel": ["tasks cancel TASK"],
  "tasks retry": ["tasks retry TASK"],
  "tasks discard": ["tasks discard TASK", "tasks discard TASK --yes"],
  "tasks redrive": [
    "tasks redrive --queue conversations",
    "tasks redrive --queue conversations --rate 50 --yes",
  ],
  "tasks discard-all": ["tasks discard-all --queue default --yes"],
  "tasks cancel-all": ["tasks cancel-all --queue default --status scheduled --yes"],
  "tasks purge": ["tasks purge analytics", "tasks purge analytics --yes"],
  "queue": ["queue list", "queue pause analytics"],
  "queue list": ["queue list", "queue list --json"],
  "queue pause": ["queue pause analytics"],
  "queue resume": ["queue resume analytics"],
  "queue scale": ["queue scale conversations 20", "queue scale conversations 20 --rate 100"],
  "schedule": ["schedule list", "schedule run health-report"],
  "schedule list": ["schedule list", "schedule list --json"],
  "schedule pause": ["schedule pause daily-report"],
  "schedule resume": ["schedule resume daily-report"],
  "schedule run": ["schedule run backup-database"],
  "cache": ["cache stats", "cache clear 'report:*'"],
  "cache stats": ["cache stats", "cache stats --json"],
  "cache get": ["cache get KEY"],
  "cache delete": ["cache delete KEY"],
  "cache clear": ["cache clear 'report:*'", "cache clear 'report:*' --yes"],
  "recount": ["recount", "recount --json"],
  "token": ["token list", "token create grafana --role viewer"],
  "token list": ["token list"],
  "token revoke": ["token revoke TOKEN", "token revoke TOKEN --yes"],
  "backup": ["backup", "backup list"],
  "backup list": ["backup list", "backup list --from s3"],
  "restore": [
    "restore latest --verify",
    "restore data/backups/FILE --yes",
    "restore latest --from s3 --yes",
  ],
};

/** Adds the examples to the help of a program's commands. */
export function addExamples(program: Command): void {
  for (const [path, lines] of Object.entries(EXAMPLES)) {
    const command = path.split(" ").reduce<Command | undefined>(
      (parent, name) => parent?.commands.find((child) => child.name() === name) as Command,
      program,
    );
    if (!command) throw new Error(`there are examples of "${path}", which is no command`);
    const text = lines.map((line) => `\n  deno task pixel ${line}`).join("");
    command.addHelpText("after", `\n${lines.length > 1 ? "Examples" : "Example"}:${text}`);
  }
}
