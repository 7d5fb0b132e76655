import type { ConversationData } from "../../islands/parts/page_data.ts";
import { COMMON, CONVERSATIONS as T, PAGES } from "../../islands/parts/texts.ts";
import Transcript from "../../islands/Transcript.tsx";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import { liveData, type PageState } from "../pages.ts";

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const conversation = await ctx.state.data.conversation(ctx.params["id"]!);
    if (!conversation) return ctx.notFound(T.unknown);
    const data: ConversationData = { ...liveData(ctx.state), conversation };
    return ctx.render(data, { title: conversation.conversation_id });
  },
};

export default function Conversation({ data, state }: PageProps<ConversationData, PageState>) {
  return (
    <>
      <p class="crumbs">
        <a href="/conversations">{PAGES["/conversations"]}</a>
      </p>
      {state.session?.content === false && <p class="notice">{COMMON.hidden}</p>}
      <Transcript {...data} />
    </>
  );
}
