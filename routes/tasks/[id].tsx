import TaskPanel from "../../islands/TaskPanel.tsx";
import type { TaskData } from "../../islands/parts/page_data.ts";
import { COMMON, PAGES, TASK } from "../../islands/parts/texts.ts";
import type { PageContext, PageProps } from "../../lib/web/page.ts";
import { backWith, Notice } from "../_notices.tsx";
import { liveData, type PageState } from "../pages.ts";

const pathOf = (taskId: string) => `/tasks/${encodeURIComponent(taskId)}`;

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const task = await ctx.state.data.task(ctx.params["id"]!);
    if (!task) return ctx.notFound(TASK.unknown);
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
    if (form["do"] === "hasten") {
      await ctx.state.data.hastenTask(taskId);
      return ctx.redirect(backWith(pathOf(taskId), "hastened"));
    }
    if (form["do"] === "resume") {
      await ctx.state.data.resumeQueue(String(form["queue"]));
      return ctx.redirect(backWith(pathOf(taskId), "resumed"));
    }
    if (form["do"] === "widen") {
      const number = (name: string) => form[name] ? { [name]: Number(form[name]) } : {};
      const limits = { ...number("concurrency"), ...number("rate_per_second") };
      await ctx.state.data.limitQueue(String(form["queue"]), limits);
      return ctx.redirect(backWith(pathOf(taskId), "widened"));
    }
    if (form["do"] !== "retry") return ctx.notFound(COMMON.noAction);
    return ctx.redirect(backWith(pathOf(await ctx.state.data.retryTask(taskId)), "retried"));
  },
};

export default function Task({ data, url }: PageProps<TaskData, PageState>) {
  return (
    <>
      <p class="crumbs">
        <a href="/tasks">{PAGES["/tasks"]}</a>
      </p>
      <Notice url={url} />
      <TaskPanel {...data} />
    </>
  );
}
