import TaskPanel from "../../islands/TaskPanel.tsx";
import type { TaskData } from "../../islands/parts/page_data.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import { backWith, Notice } from "../_notices.tsx";
import { liveData, type PageState } from "../pages.ts";

const pathOf = (taskId: string) => `/tasks/${encodeURIComponent(taskId)}`;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const task = await ctx.state.data.task(ctx.params["id"]!);
    if (!task) return ctx.notFound("There is no such task. It may have been cleaned up.");
    return ctx.render({ ...liveData(ctx.state), task } satisfies TaskData, { title: task.name });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    const taskId = ctx.params["id"]!;
    if (form["do"] === "cancel") {
      await ctx.state.data.cancelTask(taskId);
      return ctx.redirect(backWith(pathOf(taskId), "cancelled"));
    }
    if (form["do"] === "resume") {
      await ctx.state.data.resumeQueue(String(form["queue"]));
      return ctx.redirect(backWith(pathOf(taskId), "resumed"));
    }
    if (form["do"] !== "retry") return ctx.notFound("No such action.");
    return ctx.redirect(backWith(pathOf(await ctx.state.data.retryTask(taskId)), "retried"));
  },
};

export default function Task({ data, url }: PageProps<TaskData, PageState>) {
  return (
    <>
      <p class="crumbs">
        <a href="/tasks">Background Tasks</a>
      </p>
      <Notice url={url} />
      <TaskPanel {...data} />
    </>
  );
}
