import { Command, Option } from "commander";
import type { Token } from "../../wire/schemas/tokens.ts";
import { asking, type Cli, group, print, tableOrNone } from "../cli.ts";

interface CreateFlags {
  role: string;
  content: boolean;
  expires?: string;
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
      .action(asking<CreateFlags>(cli, async (api, { role, content, expires, json }, [name]) => {
        const answer = await api.request<{ token: string; token_info: Token }>("POST", "/tokens", {
          body: { name, role, content, ...(expires ? { expires_at: expires } : {}) },
        });
        const { token, token_info } = answer;
        print(cli, { json }, { token, token_info }, () => `${token}\n`);
      })),
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
          cli.context.out(`Token ${id} and its sessions would end at once. Add --yes to do it.\n`);
          return;
        }
        await api.request("DELETE", `/tokens/${encodeURIComponent(id!)}`);
        cli.context.out(`${id} is revoked\n`);
      })),
  ]);
}
