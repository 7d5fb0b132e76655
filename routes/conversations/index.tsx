import ConversationList from "../../islands/ConversationList.tsx";
import type { ConversationListData } from "../../islands/parts/page_data.ts";
import { COMMON, CONVERSATIONS as T, PAGES } from "../../islands/parts/texts.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import { liveData, type PageState } from "../pages.ts";

const PAGE = 50;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const asked = ctx.url.searchParams.get("id")?.trim();
    if (asked) return ctx.redirect(`/conversations/${encodeURIComponent(asked)}`);
    const cursor = ctx.url.searchParams.get("cursor") || undefined;
    const page = await ctx.state.data.conversations({ limit: PAGE, cursor });
    const data: ConversationListData = { ...liveData(ctx.state), page, cursor };
    return ctx.render(data, { title: PAGES["/conversations"] });
  },
};

export default function Conversations({ data }: PageProps<ConversationListData, PageState>) {
  return (
    <>
      <header class="title">
        <h1>{PAGES["/conversations"]}</h1>
        <form class="line" method="get" action="/conversations" role="search">
          <label class="field">
            <span>{T.open}</span>
            <input name="id" type="search" maxLength={200} placeholder={T.openHint} required />
          </label>
          <button type="submit" class="button">{T.go}</button>
        </form>
      </header>
      <section class="panel" aria-label={PAGES["/conversations"]}>
        <ConversationList {...data} />
      </section>
      <nav class="paging" aria-label={T.pages}>
        {data.cursor && <a class="button" href="/conversations">{COMMON.newest}</a>}
        {data.page.next_cursor && (
          <a
            class="button"
            rel="next"
            href={`/conversations?cursor=${encodeURIComponent(data.page.next_cursor)}`}
          >
            {COMMON.older}
          </a>
        )}
      </nav>
    </>
  );
}
