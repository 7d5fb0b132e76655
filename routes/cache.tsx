import CacheBoard from "../islands/CacheBoard.tsx";
import KeyView from "../islands/KeyView.tsx";
import type { CacheData } from "../islands/parts/page_data.ts";
import { Panel, Unread } from "../islands/parts/pieces.tsx";
import { CACHE as T, COMMON, COUNTED, PAGES } from "../islands/parts/texts.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { wantsData } from "../lib/web/serve_pages.ts";
import type { CacheCleared, CacheEntry, CacheKeyPage } from "../lib/wire/cache.ts";
import { KeyTable } from "./_cache_keys.tsx";
import { backWith, Notice } from "./_notices.tsx";
import { orNull } from "./parts.ts";
import { liveData, type PageState } from "./pages.ts";

const KEYS_SHOWN = 50;
/** Longest value on the page, in UTF-16 code units; the API gives all of it. */
const VALUE_SHOWN = 20_000;

interface CachePage {
  board: CacheData;
  /** What is looked for, as it was typed. */
  find: string;
  cursor: string | undefined;
  keys: CacheKeyPage | null;
  /** The key that is open, and what lies there. */
  asked: string;
  entry: CacheEntry | null;
  /** Without scripts: what clearing would do, asked before it is done. */
  clearing: CacheCleared | null;
}

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data } = ctx.state;
    if (wantsData(ctx.hono)) {
      const cache = await orNull(data.cacheStats());
      return ctx.render({ ...liveData(ctx.state), cache } satisfies CacheData);
    }
    const given = (name: string) => ctx.url.searchParams.get(name)?.trim().slice(0, 200) ?? "";
    const [find, asked, doomed] = [given("find"), given("key"), given("clear")];
    const cursor = ctx.url.searchParams.get("cursor") || undefined;
    const [cache, entry, keys, clearing] = await Promise.all([
      orNull(data.cacheStats()),
      asked ? data.cacheEntry(asked) : null,
      orNull(data.cacheKeys({ pattern: patternOf(find), limit: KEYS_SHOWN, cursor })),
      doomed ? data.clearCache(doomed === "*" ? undefined : doomed, true) : null,
    ]);
    const board: CacheData = { ...liveData(ctx.state), cache };
    const shown: CachePage = { board, find, cursor, keys, asked, entry, clearing };
    return ctx.render(shown, { title: PAGES["/cache"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] === "remove") {
      const deleted = await ctx.state.data.deleteCacheKey(String(form["key"]));
      return ctx.redirect(backWith("/cache", "cleared", deleted ? 1 : 0));
    }
    const pattern = String(form["pattern"] ?? "").trim();
    if (form["do"] === "count") {
      return ctx.redirect(`/cache?clear=${encodeURIComponent(pattern || "*")}`);
    }
    if (form["do"] !== "clear") return ctx.notFound(COMMON.noAction);
    const { cleared_entries } = await ctx.state.data.clearCache(pattern || undefined);
    return ctx.redirect(backWith("/cache", "cleared", cleared_entries));
  },
};

/** Words that are no pattern are looked for anywhere in a key. */
export function patternOf(find: string): string | undefined {
  if (!find) return undefined;
  return /[*?[\\]/.test(find) ? find : `*${find}*`.slice(0, 200);
}

/** A value as text, cut where it is longer than a page should be. */
export function shownValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2);
  const more = text.length - VALUE_SHOWN;
  if (more <= 0) return text;
  return `${text.slice(0, VALUE_SHOWN).toWellFormed()}\n${T.rest(more)}`;
}

export default function Cache({ data, url, state }: PageProps<CachePage, PageState>) {
  const { board, find, cursor, keys, asked, entry, clearing } = data;
  const listed = new URLSearchParams({
    ...(find ? { find } : {}),
    ...(cursor ? { cursor } : {}),
  });
  return (
    <>
      <header class="title">
        <h1>{PAGES["/cache"]}</h1>
        <form class="line" method="get" action="/cache" role="search">
          <label class="field">
            <span>{T.find}</span>
            <input
              name="find"
              type="search"
              value={find}
              maxLength={190}
              placeholder={T.findHint}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <button type="submit" class="button">{T.findGo}</button>
        </form>
      </header>
      <Notice url={url} />
      {clearing && <ConfirmClearing found={clearing} csrf={board.csrf} />}
      {asked && !entry && <p class="notice" role="status">{T.noKey(asked)}</p>}
      {entry && (
        <KeyView
          entry={{ ...entry, value: shownValue(entry.value) }}
          now={state.now}
          operator={board.operator}
          csrf={board.csrf}
          close={`/cache?${listed}`}
        />
      )}
      <CacheBoard {...board} />
      {keys
        ? (
          <KeyTable
            page={keys}
            find={find}
            pattern={patternOf(find) ?? ""}
            cursor={cursor}
            open={asked}
            now={state.now}
          />
        )
        : (
          <Panel title={T.keys}>
            <Unread what={T.keys} />
          </Panel>
        )}
    </>
  );
}

function ConfirmClearing({ found, csrf }: { found: CacheCleared; csrf: string }) {
  const pattern = found.pattern ?? "";
  const keys = COUNTED.keys(found.cleared_entries);
  if (found.cleared_entries === 0) return <p class="notice" role="status">{T.clearNone}</p>;
  return (
    <form class="notice asking" method="post" action="/cache">
      <input type="hidden" name="csrf" value={csrf} />
      <input type="hidden" name="do" value="clear" />
      <input type="hidden" name="pattern" value={pattern} />
      <span>{T.clearAsk(found.complete === false ? T.atLeast(keys) : keys, pattern)}</span>
      <button type="submit" class="button danger">{T.clearGo}</button>
      <a class="button quiet" href="/cache">{T.close}</a>
    </form>
  );
}
