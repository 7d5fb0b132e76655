import type { ScheduleData } from "../islands/parts/page_data.ts";
import { PAGES } from "../islands/parts/texts.ts";
import ScheduleTable from "../islands/ScheduleTable.tsx";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { backWith, Notice } from "./_notices.tsx";
import { liveData, type PageState } from "./pages.ts";

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const schedules = await ctx.state.data.schedules();
    const data: ScheduleData = { ...liveData(ctx.state), schedules };
    return ctx.render(data, { title: PAGES["/schedules"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] !== "run") return ctx.notFound("No such action.");
    await ctx.state.data.runSchedule(String(form["name"]));
    return ctx.redirect(backWith("/schedules", "started"));
  },
};

export default function Schedules({ data, url }: PageProps<ScheduleData, PageState>) {
  return (
    <>
      <header class="title">
        <h1>{PAGES["/schedules"]}</h1>
      </header>
      <Notice url={url} />
      <section class="panel" aria-label={PAGES["/schedules"]}>
        <ScheduleTable {...data} />
      </section>
    </>
  );
}
