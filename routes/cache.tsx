import CacheBoard from "../islands/CacheBoard.tsx";
import KeyView from "../islands/KeyView.tsx";
import type { CacheData } from "../islands/parts/page_data.ts";
import { CACHE as T, PAGES } from "../islands/parts/texts.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { wantsData } from "../lib/web/serve_pages.ts";
import type { CacheEntry } from "../lib/wire/cache.ts";
import { backWith, Notice } from "./_notices.tsx";
import { orNull } from "./parts.ts";
import { liveData, type PageState } from "./pages.ts";

interface CachePage {
  board: CacheData;
  asked: string;
  entry: CacheEntry | null;
}

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data } = ctx.state;
    const asked = ctx.url.searchParams.get("key")?.trim() ?? "";
    const [cache, entry] = await Promise.all([
      orNull(data.cacheStats()),
      asked && !wantsData(ctx.hono) ? data.cacheEntry(asked) : null,
    ]);
    const board: CacheData = { ...liveData(ctx.state), cache };
    const shown: CachePage = { board, asked, entry };
    return ctx.render(wantsData(ctx.hono) ? board : shown, { title: PAGES["/cache"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] === "remove") {
      const deleted = await ctx.state.data.deleteCacheKey(String(form["key"]));
      return ctx.redirect(backWith("/cache", "cleared", deleted ? 1 : 0));
    }
    if (form["do"] !== "clear") return ctx.notFound("No such action.");
    const pattern = String(form["pattern"] ?? "").trim() || undefined;
    const { cleared_entries } = await ctx.state.data.clearCache(pattern);
    return ctx.redirect(backWith("/cache", "cleared", cleared_entries));
  },
};

export default function Cache({ data, url }: PageProps<CachePage, PageState>) {
  const { board, asked, entry } = data;
  return (
    <>
      <header class="title">
        <h1>{PAGES["/cache"]}</h1>
        <form class="line" method="get" action="/cache" role="search">
          <label class="field">
            <span>{T.look}</span>
            <input
              name="key"
              type="search"
              value={asked}
              maxLength={200}
              placeholder={T.lookHint}
              autocomplete="off"
              required
            />
          </label>
          <button type="submit" class="button">{T.lookGo}</button>
        </form>
      </header>
      <Notice url={url} />
      {asked && !entry && <p class="notice" role="status">{T.noKey(asked)}</p>}
      {entry && (
        <KeyView
          cacheKey={entry.key}
          value={entry.value ?? null}
          operator={board.operator}
          csrf={board.csrf}
        />
      )}
      <CacheBoard {...board} />
    </>
  );
}
