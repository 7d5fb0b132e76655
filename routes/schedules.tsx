import type { ScheduleData } from "../islands/parts/page_data.ts";
import { COMMON, PAGES } from "../islands/parts/texts.ts";
import ScheduleTable from "../islands/ScheduleTable.tsx";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { wantsData } from "../lib/web/serve_pages.ts";
import type { ScheduleTick } from "../lib/wire/schedules.ts";
import { Ledger } from "./_ledger.tsx";
import { backWith, Notice } from "./_notices.tsx";
import { liveData, type PageState } from "./pages.ts";

const TICKS_SHOWN = 50;

interface SchedulesPage {
  table: ScheduleData;
  /** The schedule whose ledger is open, and its lines; null when there is no such schedule. */
  opened: string;
  ticks: ScheduleTick[] | null;
}

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data } = ctx.state;
    const opened = ctx.url.searchParams.get("ledger") ?? "";
    const asked = opened && !wantsData(ctx.hono);
    const [schedules, ticks] = await Promise.all([
      data.schedules(),
      asked ? data.ledger(opened, TICKS_SHOWN) : null,
    ]);
    const table: ScheduleData = { ...liveData(ctx.state), schedules };
    const shown: SchedulesPage = { table, opened, ticks };
    return ctx.render(wantsData(ctx.hono) ? table : shown, { title: PAGES["/schedules"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    const { data } = ctx.state;
    const name = String(form["name"]);
    const act = {
      run: () => data.runSchedule(name),
      pause: () => data.pauseSchedule(name),
      resume: () => data.resumeSchedule(name),
    };
    const wanted = String(form["do"]);
    if (!Object.hasOwn(act, wanted)) return ctx.notFound(COMMON.noAction);
    await act[wanted as keyof typeof act]();
    const said = { run: "started", pause: "held", resume: "released" };
    return ctx.redirect(backWith("/schedules", said[wanted as keyof typeof said]));
  },
};

export default function Schedules({ data, url, state }: PageProps<SchedulesPage, PageState>) {
  const { table, opened, ticks } = data;
  return (
    <>
      <header class="title">
        <h1>{PAGES["/schedules"]}</h1>
      </header>
      <Notice url={url} />
      <section class="panel" aria-label={PAGES["/schedules"]}>
        <ScheduleTable {...table} />
      </section>
      {ticks && <Ledger name={opened} ticks={ticks} most={TICKS_SHOWN} now={state.now} />}
    </>
  );
}
