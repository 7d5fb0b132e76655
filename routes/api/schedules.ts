import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import { ScheduleList, ScheduleRun } from "../../lib/wire/schemas/queues.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

const Name = z.object({ name: Id });

/** Schedules: when they run, how they ran, running one now. */
export function addSchedules(api: ApiBuilder): void {
  const { schedules, admit } = api.deps;
  const unknown = () => notFound("There is no such schedule.");

  api.add({
    route: "GET /schedules",
    tag: "Schedules",
    summary: "Every schedule with its last and next run",
    answer: ScheduleList,
    async handle() {
      const all = await schedules.list();
      return {
        schedules: all.map((schedule) => ({
          name: schedule.name,
          cron: schedule.cron,
          description: schedule.description,
          next_run_at: Number.isFinite(schedule.nextAt) ? instant(schedule.nextAt) : null,
          last_run_at: schedule.lastAt ? instant(schedule.lastAt) : null,
          last_status: schedule.lastStatus,
          missed: schedule.missed,
        })),
      };
    },
  });

  api.add({
    route: "POST /schedules/{name}/run",
    tag: "Schedules",
    summary: "Run a schedule now, whatever its time",
    params: Name,
    unknown,
    statuses: [503],
    answer: ScheduleRun,
    async handle({ params: { name }, principal }) {
      if (!(await schedules.list()).some((schedule) => schedule.name === name)) throw unknown();
      admit(1);
      return { name, task_id: await schedules.runNow(name, principal.subject) };
    },
  });
}
