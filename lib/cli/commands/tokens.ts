import { Command, Option } from "commander";
import type { Token } from "../../wire/schemas/tokens.ts";
import { systemClock } from "../../clock.ts";
import { Tokens } from "../../auth/tokens.ts";
import { openStopped } from "../stopped_database.ts";
import { connect } from "../connect.ts";
import { CliError } from "../context.ts";
import { asking, type Cli, type CommonFlags, group, print, tableOrNone } from "../cli.ts";

interface CreateFlags {
  role: string;
  content: boolean;
  expires?: string;
  local: boolean;
}

const MAX_PAGES = 50;
const day = (instant: string | undefined, none: string) => instant?.slice(0, 10) ?? none;

/** `token`: who may come in. */
export function tokenCommand(cli: Cli): Command {
  return group("token", "Makes, lists and revokes tokens.", [
    new Command("create").description("Makes a token and shows its secret, this once.")
      .argument("<name>", "what it is for")
      .addOption(
        new Option("--role <role>", "what it may do").choices(["viewer", "operator", "admin"])
          .default("viewer"),
      )
      .option("--content", "a viewer may read messages, arguments and results", false)
      .option("--expires <instant>", "when it ends, as 2026-12-31T00:00:00Z")
      .option("--local", "in the database itself, while the service is stopped", false)
      .addHelpText(
        "after",
        `
Examples:
  deno task pixel token create grafana --role viewer
  deno task pixel token create rescue --role admin --local`,
      )
      .action(async (name: string, _flags: unknown, command: Command) => {
        const flags = command.optsWithGlobals<CreateFlags & CommonFlags>();
        if (flags.local) {
          const made = await createLocally(cli, name, flags);
          print(cli, flags, made, () => `${made.token}\n`);
          return;
        }
        const api = await connect(cli.context.env, flags);
        const { role, content, expires } = flags;
        const answer = await api.request<{ token: string; token_info: Token }>("POST", "/tokens", {
          body: { name, role, content, ...(expires ? { expires_at: expires } : {}) },
        });
        const { token, token_info } = answer;
        print(cli, flags, { token, token_info }, () => `${token}\n`);
      }),
    new Command("list").description("Lists tokens, without their secrets.")
      .action(asking(cli, async (api, flags) => {
        const tokens: Token[] = [];
        let cursor: string | undefined;
        for (let page = 0; page === 0 || (cursor && page < MAX_PAGES); page++) {
          const answer = await api.request<{ tokens: Token[]; next_cursor?: string }>(
            "GET",
            "/tokens",
            { query: { cursor } },
          );
          tokens.push(...answer.tokens);
          cursor = answer.next_cursor;
        }
        print(cli, flags, { tokens }, () =>
          tableOrNone(
            cli,
            [
              { title: "token", whole: true },
              { title: "name" },
              { title: "role" },
              {
                title: "made",
              },
              { title: "last used" },
              { title: "ends" },
            ],
            tokens.map((token) => [
              token.token_id,
              token.name,
              token.content && token.role === "viewer" ? "viewer, content" : token.role,
              day(token.created_at, ""),
              day(token.last_used_at, "never"),
              day(token.expires_at, "never"),
            ]),
            "There are no tokens but the bootstrap one.",
          ));
      })),
    new Command("revoke").description("Ends a token and the sessions that were begun with it.")
      .argument("<token>", "its id, as `token list` shows it")
      .option("--yes", "do it; without this it only says what it would do", false)
      .action(asking<{ yes: boolean }>(cli, async (api, flags, [id]) => {
        if (!flags.yes) {
          const text = `Token ${id} and its sessions would end at once. Add --yes to do it.\n`;
          print(cli, flags, { token_id: id, dry_run: true }, () => text);
          return;
        }
        await api.request("DELETE", `/tokens/${encodeURIComponent(id!)}`);
        print(cli, flags, { token_id: id, revoked: true }, () => `${id} is revoked\n`);
      })),
  ]);
}

/** Makes a token where no service runs that could: for who has lost the last one. */
async function createLocally(
  { context }: Cli,
  name: string,
  { role, content, expires }: CreateFlags,
): Promise<{ token: string; token_info: { token_id: string; name: string; role: string } }> {
  const expiresAt = expires === undefined ? null : Date.parse(expires);
  if (Number.isNaN(expiresAt)) throw new CliError(`"${expires}" is no instant`, 2);
  await using database = await openStopped(context);
  const tokens = await Tokens.open(database.db, systemClock);
  const draft = { name, role: role as "viewer" | "operator" | "admin", content, expiresAt };
  const { secret, token } = await tokens.create(draft, "local");
  return { token: secret, token_info: { token_id: token.id, name, role } };
}
