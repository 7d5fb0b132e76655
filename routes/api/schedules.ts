import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import {
  LedgerQuery,
  ScheduleLedger,
  ScheduleList,
  SchedulePaused,
  ScheduleRun,
} from "../../lib/wire/schemas/queues.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant, statusWord } from "./shown.ts";

const Name = z.object({ name: Id });

/** Schedules: when they run, how they ran, running one now. */
export function addSchedules(api: ApiBuilder): void {
  const { schedules, engine, admit } = api.deps;
  const unknown = () => notFound("There is no such schedule.");
  const mustExist = async (name: string): Promise<void> => {
    if (!(await schedules.list()).some((schedule) => schedule.name === name)) throw unknown();
  };

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
          paused: schedule.paused !== null,
          ...(schedule.paused
            ? { paused_by: schedule.paused.by, paused_since: instant(schedule.paused.at) }
            : {}),
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
      await mustExist(name);
      admit(1, "upkeep");
      return { name, task_id: await schedules.runNow(name, principal.subject) };
    },
  });

  api.add({
    route: "GET /schedules/{name}/ledger",
    tag: "Schedules",
    summary: "How a schedule's runs went, newest first",
    description: "Each tick is there once; lines are kept for 40 days.",
    params: Name,
    unknown,
    query: LedgerQuery,
    answer: ScheduleLedger,
    async handle({ params: { name }, query: { limit } }) {
      await mustExist(name);
      const ledger = await schedules.ledger(name, limit);
      const jobs = await Promise.all(
        ledger.map(({ taskId }) => taskId ? engine.get(taskId) : null),
      );
      const ticks = ledger.map((tick, at) => ({
        tick_at: instant(tick.tick),
        at: instant(tick.firedAt),
        kind: tick.kind,
        by: tick.by,
        ...(tick.taskId ? { task_id: tick.taskId } : {}),
        ...(jobs[at] ? { task_status: statusWord(jobs[at].state) } : {}),
        missed: tick.missed,
      }));
      return { name, ticks };
    },
  });

  api.add({
    route: "PUT /schedules/{name}/pause",
    tag: "Schedules",
    summary: "Hold a schedule's runs back; they are not made up for",
    params: Name,
    unknown,
    answer: SchedulePaused,
    async handle({ params: { name }, principal }) {
      await mustExist(name);
      await schedules.pause(name, principal.subject);
      return { name, paused: true };
    },
  });

  api.add({
    route: "DELETE /schedules/{name}/pause",
    tag: "Schedules",
    summary: "Let a schedule run at its times again",
    params: Name,
    unknown,
    answer: SchedulePaused,
    async handle({ params: { name } }) {
      await mustExist(name);
      await schedules.resume(name);
      return { name, paused: false };
    },
  });
}
