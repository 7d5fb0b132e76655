import { Command } from "commander";
import type { CacheStats } from "../../wire/schemas/cache.ts";
import { asking, type Cli, group, print } from "../cli.ts";
import { countOf, formatCount, formatMs } from "../format.ts";
import { awaitTask } from "./task.ts";

interface Cleared {
  cleared_entries: number;
  complete?: boolean;
  task_id?: string;
}

const path = (key: string) => `/cache/key/${encodeURIComponent(key)}`;

/** `cache`: statistics, single entries, clearing. */
export function cacheCommand(cli: Cli): Command {
  return group("cache", "Looks into the cache and clears it.", [
    new Command("stats").description("Shows how the cache does.").action(
      asking(cli, async (api, flags) => {
        const { cache_stats: s } = await api.request<{ cache_stats: CacheStats }>(
          "GET",
          "/cache/stats",
        );
        print(cli, flags, s, () =>
          [
            `backend   ${s.backend}${s.connected ? "" : ", not connected"}`,
            `hit rate  ${s.hit_rate === null ? "no lookup yet" : `${+s.hit_rate.toFixed(2)}%`}`,
            `lookups   ${countOf(s.hits, "hit")}, ${countOf(s.misses, "miss", "misses")}`,
            `entries   ${formatCount(s.total_keys)}, ${s.memory_usage}`,
            `up        ${formatMs(s.uptime_seconds * 1_000)}`,
            "",
          ].join("\n"));
      }),
    ),
    new Command("get").description("Shows an entry.").argument("<key>", "without the prefix")
      .action(asking(cli, async (api, flags, [key]) => {
        const { value } = await api.request<{ value: unknown }>("GET", path(key!));
        print(cli, flags, { key, value }, () => JSON.stringify(value, null, 2) + "\n");
      })),
    new Command("delete").description("Deletes an entry.").argument("<key>", "without the prefix")
      .action(asking(cli, async (api, flags, [key]) => {
        const answer = await api.request<{ deleted: boolean }>("DELETE", path(key!));
        print(
          cli,
          flags,
          { key, deleted: answer.deleted },
          () => `${key} ${answer.deleted ? "was deleted" : "was not there"}\n`,
        );
      })),
    new Command("clear").description("Clears entries, all of them or those that fit a pattern.")
      .argument("[pattern]", "keys; * stands for anything")
      .option("--yes", "do it; without this it only says what it would do", false)
      .action(asking<{ yes: boolean }>(cli, async (api, flags, [pattern]) => {
        const what = pattern === undefined ? "every entry" : `every entry like ${pattern}`;
        const body = pattern === undefined ? {} : { pattern };
        if (!flags.yes) {
          const dry = { ...body, dry_run: true };
          const found = await api.request<Cleared>("POST", "/cache/clear", { body: dry });
          const count = formatCount(found.cleared_entries);
          print(
            cli,
            flags,
            found,
            () => `${what} would be cleared, ${count} in all. Add --yes to do it.\n`,
          );
          return;
        }
        const answer = await api.request<Cleared>("POST", "/cache/clear", { body });
        if (answer.task_id) await awaitTask(api, answer.task_id, cli.context.signal);
        const count = formatCount(answer.cleared_entries);
        print(cli, flags, answer, () => `${count}${answer.task_id ? " and more" : ""} cleared\n`);
      })),
  ]);
}
