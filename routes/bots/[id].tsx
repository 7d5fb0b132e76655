import BotEditor from "../../islands/BotEditor.tsx";
import BotTrial from "../../islands/BotTrial.tsx";
import type { BotData } from "../../islands/parts/page_data.ts";
import { Badge } from "../../islands/parts/pieces.tsx";
import { BOTS as T, COMMON, PAGES } from "../../islands/parts/texts.ts";
import { toInput } from "../../islands/parts/bot_draft.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import type { TurnQueued } from "../../lib/wire/conversations.ts";
import { backWith, Notice } from "../_notices.tsx";
import { liveData, type PageState } from "../pages.ts";

interface Shown extends BotData {
  /** What a bot answered to a form that was sent without scripts. */
  tried: { message: string; turn: TurnQueued } | null;
}

const pathOf = (botId: string) => `/bots/${encodeURIComponent(botId)}`;

export const handler = {
  GET: (ctx: PageContext<PageState>) => show(ctx, null),

  /** The plain forms, for those without scripts: teaching one answer, and asking. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const { data } = ctx.state;
    const botId = ctx.params["id"]!;
    const form = await ctx.hono.req.parseBody();
    const text = (name: string) => String(form[name] ?? "").trim();
    if (form["do"] === "try") {
      const message = text("message");
      const turn = await data.tryBot(botId, message, `try-${crypto.randomUUID()}`);
      return await show(ctx, { message, turn });
    }
    if (form["do"] !== "teach") return ctx.notFound(COMMON.noAction);
    const bot = toInput(botId, await data.bot(botId));
    bot.knowledge = [...bot.knowledge, { question: text("question"), answer: text("answer") }];
    await data.saveBot(botId, bot);
    return ctx.redirect(backWith(pathOf(botId), "taught"));
  },
};

async function show(ctx: PageContext<PageState>, tried: Shown["tried"]): Promise<Response> {
  const botId = ctx.params["id"]!;
  const { operator, csrf } = liveData(ctx.state);
  const bot = await ctx.state.data.bot(botId);
  const teach = ctx.url.searchParams.get("teach") ?? "";
  const data: Shown = { botId, bot, operator, csrf, teach, tried };
  return ctx.render(data, { title: bot?.name ?? botId });
}

export default function Bot({ data, url }: PageProps<Shown, PageState>) {
  const { bot, botId, operator, csrf, tried } = data;
  return (
    <>
      <p class="crumbs">
        <a href="/bots">{PAGES["/bots"]}</a>
      </p>
      <Notice url={url} />
      <header class="title">
        <div>
          <h1>{bot?.name ?? botId}</h1>
          <p>
            {bot?.defined
              ? (
                <>
                  <Badge tone={bot.classifier.status === "ready" ? "ok" : "busy"}>
                    {`${T.classifier}: ${bot.classifier.status}`}
                  </Badge>
                  <span class="muted">{T.version(String(bot.version))}</span>
                </>
              )
              : <Badge tone="idle">{T.undefined}</Badge>}
            <code>{botId}</code>
          </p>
          {!bot?.defined && <p class="muted">{T.undefinedNote}</p>}
        </div>
      </header>
      <div class="report bot">
        <BotEditor botId={botId} bot={bot} operator={operator} csrf={csrf} teach={data.teach} />
        {operator && <BotTrial botId={botId} csrf={csrf} tried={tried} />}
      </div>
    </>
  );
}
