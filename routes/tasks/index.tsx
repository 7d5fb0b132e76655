import QueueTable from "../../islands/QueueTable.tsx";
import TaskFilter from "../../islands/TaskFilter.tsx";
import TaskList from "../../islands/TaskList.tsx";
import { count } from "../../islands/parts/format.ts";
import type { TaskListData } from "../../islands/parts/page_data.ts";
import { filterText, parseFilter } from "../../islands/parts/task_filter.ts";
import { COMMON, COUNTED, PAGES, TASKS as T } from "../../islands/parts/texts.ts";
import { TASK_STATUS } from "../../islands/parts/words.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import { wantsData } from "../../lib/web/serve_pages.ts";
import type { QueueInfo, TaskQuery, TaskStatus } from "../../lib/wire/tasks.ts";
import { backWith, Notice } from "../_notices.tsx";
import { orNull } from "../parts.ts";
import { liveData, type PageState } from "../pages.ts";

const PAGE = 50;
const BOTS_OFFERED = 50;

interface TasksPage {
  list: TaskListData;
  bots: string[];
}

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data } = ctx.state;
    const written = ctx.url.searchParams.get("filter");
    if (written !== null) return ctx.redirect(hrefOf(parseFilter(written)));
    const query = readQuery(ctx.url.searchParams);
    const [page, queues, bots] = await Promise.all([
      data.tasks({ ...query, limit: PAGE }),
      data.queues(),
      wantsData(ctx.hono) ? null : orNull(data.bots({ limit: BOTS_OFFERED })),
    ]);
    const list: TaskListData = { ...liveData(ctx.state), page, query, queues };
    const shown: TasksPage = { list, bots: bots?.bots.map((bot) => bot.bot_id) ?? [] };
    return ctx.render(wantsData(ctx.hono) ? list : shown, { title: PAGES["/tasks"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    const queue = String(form["queue"]);
    if (form["do"] === "pause") await ctx.state.data.pauseQueue(queue);
    else if (form["do"] === "resume") await ctx.state.data.resumeQueue(queue);
    else return ctx.notFound(COMMON.noAction);
    return ctx.redirect(backWith("/tasks", form["do"] === "pause" ? "paused" : "resumed"));
  },
};

/** The filters of an address; empty and unknown ones count as absent. */
export function readQuery(search: URLSearchParams): TaskQuery {
  const query: TaskQuery = {};
  for (const name of ["queue", "name", "q", "cursor"] as const) {
    const value = search.get(name)?.trim();
    if (value) query[name] = value;
  }
  const status = search.get("status") ?? "";
  if (Object.hasOwn(TASK_STATUS, status)) query.status = status as TaskStatus;
  return query;
}

export default function Tasks({ data, url }: PageProps<TasksPage, PageState>) {
  const { list, bots } = data;
  const { query, page, queues, ...live } = list;
  const { cursor, ...filter } = query;
  const filtered = Object.keys(filter).length > 0;
  const names = [...new Set(page.tasks.map((task) => task.name))];
  return (
    <>
      <header class="title">
        <h1>{PAGES["/tasks"]}</h1>
      </header>
      <Notice url={url} />
      <details class="panel fold" open={!filtered && !cursor}>
        <summary>
          <h2>{T.queues}</h2>
          <span class="muted">{summaryOf(queues)}</span>
        </summary>
        <QueueTable {...live} queues={queues} />
      </details>
      <div class="task-filters">
        <TaskFilter
          text={filterText(filter)}
          queues={queues.map((queue) => queue.name)}
          names={names}
          bots={bots}
        />
        <nav class="segments" aria-label={T.status}>
          <a href={hrefOf({ ...filter, status: undefined })} aria-current={current(!query.status)}>
            {COMMON.all}
          </a>
          {Object.entries(TASK_STATUS).map(([status, { word }]) => (
            <a
              key={status}
              href={hrefOf({ ...filter, status: status as TaskStatus })}
              aria-current={current(query.status === status)}
            >
              {word}
            </a>
          ))}
        </nav>
      </div>
      <section class="panel" aria-label={T.list}>
        <TaskList {...live} page={page} query={query} />
      </section>
      <nav class="paging" aria-label={T.pages}>
        {cursor && <a class="button" href={hrefOf(filter)}>{COMMON.newest}</a>}
        {page.capped && <p class="muted">{T.capped}</p>}
        {page.next_cursor && (
          <a class="button" rel="next" href={hrefOf({ ...filter, cursor: page.next_cursor })}>
            {page.capped ? T.searchOn : COMMON.older}
          </a>
        )}
      </nav>
    </>
  );
}

const current = (yes: boolean) => yes ? "true" : undefined;

function summaryOf(queues: QueueInfo[]): string {
  const paused = queues.filter((queue) => queue.paused).length;
  return COUNTED.queues(queues.length) + (paused > 0 ? `, ${T.paused(count(paused))}` : "");
}

function hrefOf(query: TaskQuery): string {
  const entries = Object.entries(query).filter(([, value]) => value);
  return entries.length === 0 ? "/tasks" : `/tasks?${new URLSearchParams(entries)}`;
}
