import TaskList from "../../islands/TaskList.tsx";
import type { TaskListData } from "../../islands/parts/page_data.ts";
import { TASK_STATUS } from "../../islands/parts/words.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import type { TaskQuery, TaskStatus } from "../../lib/wire/tasks.ts";
import { liveData, type PageState } from "../pages.ts";

const PAGE = 50;
const FILTERS = ["queue", "status", "name", "q"] as const;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const query = readQuery(ctx.url.searchParams);
    const [page, queues] = await Promise.all([
      ctx.state.data.tasks({ ...query, limit: PAGE }),
      ctx.state.data.queues(),
    ]);
    const list: TaskListData = { ...liveData(ctx.state), page, query, queues };
    return ctx.render(list, { title: "Background Tasks" });
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
  if (status in TASK_STATUS) query.status = status as TaskStatus;
  return query;
}

export default function Tasks({ data }: PageProps<TaskListData, PageState>) {
  const { query, page } = data;
  const filtered = FILTERS.some((name) => query[name]);
  return (
    <>
      <header class="title">
        <h1>Background Tasks</h1>
      </header>
      <form class="filters" method="get" action="/tasks" role="search">
        <Choice
          name="queue"
          label="Queue"
          any="All queues"
          chosen={query.queue}
          options={data.queues.map((queue) => [queue.name, queue.name])}
        />
        <Choice
          name="status"
          label="Status"
          any="Any status"
          chosen={query.status}
          options={Object.entries(TASK_STATUS).map(([status, { word }]) => [status, word])}
        />
        <label class="field">
          <span>Name</span>
          <input name="name" value={query.name} maxLength={200} />
        </label>
        <label class="field grow">
          <span>Search</span>
          <input name="q" type="search" value={query.q} maxLength={200} placeholder="Id or text" />
        </label>
        <div class="buttons">
          <button type="submit" class="button">Filter</button>
          {filtered && <a class="button quiet" href="/tasks">Reset</a>}
        </div>
      </form>
      <section class="panel" aria-label="Tasks">
        <TaskList {...data} />
      </section>
      <nav class="paging" aria-label="Pages of tasks">
        {query.cursor && (
          <a class="button" href={hrefOf({ ...query, cursor: undefined })}>
            Newest
          </a>
        )}
        {page.capped && <p class="muted">The search ended before it had seen everything.</p>}
        {page.next_cursor && (
          <a class="button" rel="next" href={hrefOf({ ...query, cursor: page.next_cursor })}>
            Older
          </a>
        )}
      </nav>
    </>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  any: string;
  chosen: string | undefined;
  options: [string, string][];
}

function Choice({ name, label, any, chosen, options }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select name={name}>
        <option value="">{any}</option>
        {options.map(([value, word]) => (
          <option key={value} value={value} selected={value === chosen}>{word}</option>
        ))}
      </select>
    </label>
  );
}

function hrefOf(query: TaskQuery): string {
  const entries = Object.entries(query).filter(([, value]) => value);
  return entries.length === 0 ? "/tasks" : `/tasks?${new URLSearchParams(entries)}`;
}
