import { counted, humanSeconds } from "../words.ts";
import { type HealthCheck, judge, type Limits } from "./check.ts";

/** A queue at this moment. */
export interface QueueLoad {
  name: string;
  /** Jobs that could run now. */
  waiting: number;
  running: number;
  /** How long the oldest of the waiting ones has waited; null when none does. */
  oldestWaitingSeconds: number | null;
  paused: boolean;
}

/** A schedule with the tick that has to run next; in the past when it should have run already. */
export interface ScheduleState {
  name: string;
  dueAt: number | null;
}

export type QueueLoads = () => QueueLoad[] | Promise<QueueLoad[]>;

const waited = (queue: QueueLoad): number => queue.oldestWaitingSeconds ?? 0;

/** How long the oldest job that could run has waited, in seconds. Paused queues wait on purpose. */
export function backlogCheck(queues: QueueLoads, limits: Limits): HealthCheck {
  return {
    name: "backlog",
    onFailure: "degraded",
    async run() {
      const open = (await queues()).filter((queue) => !queue.paused);
      const waiting = open.reduce((sum, queue) => sum + queue.waiting, 0);
      const slowest = open.toSorted((a, b) => waited(b) - waited(a))[0];
      const seconds = slowest ? waited(slowest) : 0;
      const longest = seconds > 0 ? `the longest ${humanSeconds(seconds)} in ${slowest!.name}` : "";
      // A retry whose time has come has an age and is not counted before it is taken.
      const count = waiting > 0 || !longest ? `${counted(waiting, "task")} waiting` : "tasks wait";
      return {
        status: judge(seconds, limits),
        detail: [count, longest].filter(Boolean).join(", "),
        measured: { waiting, oldest_waiting_seconds: seconds },
      };
    },
  };
}

/** A queue in which work waits and nothing runs, though nobody paused it, has lost its worker. */
export function queuesClaimedCheck(queues: QueueLoads, limits: Limits): HealthCheck {
  return {
    name: "queues",
    onFailure: "degraded",
    async run() {
      const all = await queues();
      const idle = all.filter((queue) => !queue.paused && queue.waiting > 0 && queue.running === 0);
      const seconds = Math.max(0, ...idle.map(waited));
      const lost = idle.filter((queue) => waited(queue) > limits.degraded);
      return {
        status: judge(seconds, limits),
        detail: lost.length > 0
          ? `no worker takes from ${lost.map((q) => q.name).join(", ")} for ${
            humanSeconds(seconds)
          }`
          : `${counted(all.length, "queue")}, none left alone`,
        measured: { unclaimed: lost.length, longest_seconds: seconds },
      };
    },
  };
}

/** A tick that is overdue by more than `graceSeconds` has been missed. */
export function schedulesCheck(
  schedules: () => ScheduleState[] | Promise<ScheduleState[]>,
  graceSeconds: number,
  now: () => number,
): HealthCheck {
  return {
    name: "schedules",
    onFailure: "degraded",
    async run() {
      const all = await schedules();
      const late = all.filter((s) => s.dueAt !== null && now() - s.dueAt > graceSeconds * 1_000);
      return {
        status: late.length > 0 ? "degraded" : "healthy",
        detail: late.length > 0
          ? `overdue: ${late.map((schedule) => schedule.name).join(", ")}`
          : `${counted(all.length, "schedule")} on time`,
        measured: { overdue: late.length },
      };
    },
  };
}
