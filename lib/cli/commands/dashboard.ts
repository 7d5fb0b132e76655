import { Command } from "commander";
import { asking, type Cli, print } from "../cli.ts";

/** `dashboard`: where the dashboard is. */
export function dashboardCommand(cli: Cli): Command {
  return new Command("dashboard")
    .description("Says where the dashboard is, once the service answers there.")
    .addHelpText("after", "\nExample:\n  deno task pixel dashboard")
    .action(asking(cli, async (api, flags) => {
      await api.request("GET", "/queues");
      const { href: url } = new URL("/", api.url);
      print(cli, flags, { url }, () => `${url}\nSign in there with a token.\n`);
    }));
}
