import { count } from "../../islands/parts/format.ts";
import { Badge, Empty, Panel } from "../../islands/parts/pieces.tsx";
import { BOTS as T, COMMON, PAGES } from "../../islands/parts/texts.ts";
import { type Tone, TRAINING } from "../../islands/parts/words.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import type { BotPage, BotRow } from "../../lib/wire/bots.ts";
import type { PageState } from "../pages.ts";

const PAGE = 100;
const TONES: Record<string, Tone> = { ready: "ok", failed: "bad" };

interface BotsData {
  page: BotPage;
  cursor?: string;
}

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const id = ctx.url.searchParams.get("id")?.trim();
    if (id) return ctx.redirect(`/bots/${encodeURIComponent(id)}`);
    const cursor = ctx.url.searchParams.get("cursor") || undefined;
    const page = await ctx.state.data.bots({ limit: PAGE, cursor });
    return ctx.render({ page, cursor } satisfies BotsData, { title: PAGES["/bots"] });
  },
};

export default function Bots({ data, state }: PageProps<BotsData, PageState>) {
  const { bots, next_cursor } = data.page;
  return (
    <>
      <header class="title">
        <h1>{PAGES["/bots"]}</h1>
        {state.session?.role !== "viewer" && (
          <form class="line" method="get" action="/bots">
            <label class="field">
              <span>{T.addId}</span>
              <input name="id" maxLength={200} required autocomplete="off" />
            </label>
            <button type="submit" class="button">{T.add}</button>
          </form>
        )}
      </header>
      <Panel title={PAGES["/bots"]} class="untitled">
        {bots.length === 0 ? <Empty>{T.empty}</Empty> : (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">{T.head.name}</th>
                <th scope="col" class="number">{T.head.knowledge}</th>
                <th scope="col" class="number">{T.head.intents}</th>
                <th scope="col" class="wide">{T.classifier}</th>
                <th scope="col" class="wide">{T.head.model}</th>
              </tr>
            </thead>
            <tbody>{bots.map((bot) => <Row key={bot.bot_id} bot={bot} />)}</tbody>
          </table>
        )}
      </Panel>
      {next_cursor && (
        <nav class="paging">
          <a class="button" rel="next" href={`/bots?cursor=${encodeURIComponent(next_cursor)}`}>
            {COMMON.older}
          </a>
        </nav>
      )}
    </>
  );
}

function Row({ bot }: { bot: BotRow }) {
  return (
    <tr>
      <td>
        <a href={`/bots/${encodeURIComponent(bot.bot_id)}`}>{bot.name}</a>
        {bot.name !== bot.bot_id && <small>{bot.bot_id}</small>}
        {!bot.defined && <small title={T.undefinedNote}>{T.undefined}</small>}
      </td>
      <td class="number">{count(bot.knowledge_count)}</td>
      <td class="number">{count(bot.intent_count)}</td>
      <td class="wide">
        <Badge tone={TONES[bot.classifier.status] ?? "idle"}>
          {TRAINING[bot.classifier.status] ?? bot.classifier.status}
        </Badge>
      </td>
      <td class="wide">{bot.model ?? COMMON.noValue}</td>
    </tr>
  );
}
