import OverviewBoard from "../islands/OverviewBoard.tsx";
import type { OverviewData } from "../islands/parts/page_data.ts";
import { CLEANUP } from "../islands/parts/words.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { ApiRefusal } from "./api_data.ts";
import { backWith, Notice } from "./_notices.tsx";
import { liveData, type PageState } from "./pages.ts";

const ACTIVE_SHOWN = 6;
const HOUR_MS = 3_600_000;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data, now } = ctx.state;
    const [summary, health, cache, active, queues, history] = await Promise.all([
      orNull(data.summary()),
      orNull(data.health()),
      orNull(data.cacheStats()),
      orNull(data.activeTasks(ACTIVE_SHOWN)),
      orNull(data.queues()),
      orNull(data.history({
        metrics: "cpu_percent,memory_percent",
        from: new Date(now - HOUR_MS).toISOString(),
        to: new Date(now).toISOString(),
        granularity: "minute",
      })),
    ]);
    const overview: OverviewData = {
      ...liveData(ctx.state),
      ...{ summary, health, cache, active, queues, history },
      origin: ctx.url.origin,
    };
    return ctx.render(overview, { title: "Overview" });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] === "clear-cache") {
      const pattern = String(form["pattern"] ?? "").trim() || undefined;
      const { cleared_entries } = await ctx.state.data.clearCache(pattern);
      return ctx.redirect(backWith("/", "cleared", cleared_entries));
    }
    const type = String(form["cleanup_type"]);
    if (form["do"] !== "clean-up" || !(type in CLEANUP)) return ctx.notFound("No such action.");
    const { cleanup_tasks } = await ctx.state.data.cleanUp(type);
    return ctx.redirect(backWith("/", "cleaning", cleanup_tasks.length));
  },
};

/** A part that cannot be read is told as such in its place; losing the session ends the page. */
async function orNull<T>(part: Promise<T>): Promise<T | null> {
  try {
    return await part;
  } catch (thrown) {
    if (thrown instanceof ApiRefusal && thrown.status === 401) throw thrown;
    return null;
  }
}

export default function Overview({ data, url }: PageProps<OverviewData, PageState>) {
  return (
    <>
      <Notice url={url} />
      <OverviewBoard {...data} />
    </>
  );
}
