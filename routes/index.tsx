import ChartReader from "../islands/ChartReader.tsx";
import OverviewBoard from "../islands/OverviewBoard.tsx";
import type { OverviewData } from "../islands/parts/page_data.ts";
import { COMMON, PAGES } from "../islands/parts/texts.ts";
import { CLEANUP } from "../islands/parts/words.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { wantsData } from "../lib/web/serve_pages.ts";
import type { Unanswered } from "../lib/wire/analytics.ts";
import type { DashboardData } from "./dashboard_data.ts";
import type { History } from "../lib/wire/history.ts";
import { breakDemo, demoState } from "./_demo.ts";
import { dayOf, lastHours } from "./periods.ts";
import { orNull } from "./parts.ts";
import { backWith, Notice } from "./_notices.tsx";
import { Trends } from "./_trends.tsx";
import { liveData, type PageState } from "./pages.ts";

const ACTIVE_SHOWN = 6;
const BOTS_ASKED = 10;
const QUESTIONS_SHOWN = 3;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data, now, demoUrl } = ctx.state;
    const past = (metrics: string, granularity: "minute" | "hour", hours: number) =>
      orNull(data.history({
        metrics,
        ...lastHours(hours, now),
        granularity,
      }));
    const today = { from: dayOf(now), to: dayOf(now), tz: "UTC" };
    const [summary, health, cache, active, queues, history, failed, saved, unanswered, demo, day] =
      await Promise
        .all([
          orNull(data.summary()),
          orNull(data.health()),
          orNull(data.cacheStats()),
          orNull(data.activeTasks(ACTIVE_SHOWN)),
          orNull(data.queues()),
          past("cpu_percent,memory_percent,queue_depth", "minute", 1),
          orNull(data.tasks({ status: "failed", limit: 1 })),
          orNull(data.range(today, "day", ["cache"])),
          orNull(questions(data)),
          demoUrl ? demoState(demoUrl) : null,
          wantsData(ctx.hono) ? null : past("score,queue_depth,latency_ms", "hour", 24),
        ]);
    const overview: OverviewData = {
      ...liveData(ctx.state),
      ...{ summary, health, cache, active, queues, history, unanswered },
      saved: saved?.totals.cache ?? null,
      failure: failed ? failed.tasks[0] ?? null : undefined,
      origin: ctx.url.origin,
      ...(demoUrl ? { demo: { url: demoUrl, state: demo } } : {}),
    };
    const shown: ShownOverview = { overview, day };
    return ctx.render(wantsData(ctx.hono) ? overview : shown, { title: PAGES["/"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] === "break" && ctx.state.demoUrl) {
      await breakDemo(ctx.state.demoUrl, form["what"]);
      return ctx.redirect("/");
    }
    const type = String(form["cleanup_type"]);
    if (form["do"] !== "clean-up" || !(type in CLEANUP)) return ctx.notFound(COMMON.noAction);
    const { cleanup_tasks } = await ctx.state.data.cleanUp(type);
    return ctx.redirect(backWith("/", "cleaning", cleanup_tasks.length));
  },
};

/** What the bots that are known could not answer. */
async function questions(data: DashboardData): Promise<Unanswered[]> {
  const { bots } = await data.bots({ limit: BOTS_ASKED });
  return await data.unanswered(bots.map((bot) => bot.bot_id), QUESTIONS_SHOWN);
}

/** The board keeps itself fresh; the day's lines are drawn once. */
interface ShownOverview {
  overview: OverviewData;
  day: History | null;
}

export default function Overview({ data, url, state }: PageProps<ShownOverview, PageState>) {
  return (
    <>
      <Notice url={url} />
      <OverviewBoard {...data.overview} />
      <Trends history={data.day} zone={state.zone} />
      <ChartReader />
    </>
  );
}
