import { type Clock, systemClock } from "../../clock.ts";
import type { Database } from "../../kv/database.ts";
import type { SystemSource } from "../system.ts";
import type { HealthCheck, Limits } from "./check.ts";
import { cpuCheck, diskCheck, eventLoopCheck, memoryCheck, noFilesCheck } from "./machine.ts";
import {
  databaseCheck,
  providerCheck,
  type ProviderState,
  redisCheck,
  type RedisPort,
  smtpCheck,
} from "./services.ts";
import {
  backlogCheck,
  type QueueLoads,
  queuesClaimedCheck,
  schedulesCheck,
  type ScheduleState,
} from "./work.ts";

/** What the standard checks look at; a part that is absent is not checked. */
export interface StandardCheckPorts {
  db: Database;
  system: SystemSource;
  redis: RedisPort | null;
  queues?: QueueLoads;
  schedules?: () => ScheduleState[] | Promise<ScheduleState[]>;
  provider?: () => ProviderState | Promise<ProviderState>;
  /** Signs in to the mail server; rejects when that fails. */
  smtp?: () => Promise<void>;
  clock?: Clock;
  /** False where no file stays: then there is no disk to look at, and there are no backups. */
  files?: boolean;
}

export interface HealthThresholds {
  cpuPercent: Limits;
  memoryPercent: Limits;
  eventLoopLagMs: Limits;
  /** Age of the oldest waiting job. */
  backlogSeconds: Limits;
  /** How long work may wait in a queue in which nothing runs. */
  unclaimedSeconds: Limits;
  scheduleGraceSeconds: number;
  diskReserveBytes: number;
}

export const DEFAULT_THRESHOLDS: HealthThresholds = {
  cpuPercent: { degraded: 80, unhealthy: Infinity },
  memoryPercent: { degraded: 85, unhealthy: 95 },
  eventLoopLagMs: { degraded: 500, unhealthy: 5_000 },
  backlogSeconds: { degraded: 300, unhealthy: Infinity },
  unclaimedSeconds: { degraded: 60, unhealthy: 300 },
  scheduleGraceSeconds: 120,
  diskReserveBytes: 1024 ** 3,
};

/**
 * The checks of the service. Unhealthy: the database fails, the disk is under its reserve or does
 * not answer, memory or event loop are over their upper limit, or a queue has had no worker for
 * 5 minutes. Degraded: Redis, the AI provider or the mail server fail, or another limit is passed; answers keep coming.
 */
export function standardChecks(
  ports: StandardCheckPorts,
  thresholds: HealthThresholds = DEFAULT_THRESHOLDS,
): HealthCheck[] {
  const { system, queues, schedules, provider, clock = systemClock } = ports;
  const checks = [
    databaseCheck(ports.db, () => clock.now()),
    redisCheck(ports.redis),
    ports.files === false ? noFilesCheck() : diskCheck(system, thresholds.diskReserveBytes),
    memoryCheck(system, thresholds.memoryPercent),
    cpuCheck(system, thresholds.cpuPercent),
    eventLoopCheck(system, thresholds.eventLoopLagMs),
  ];
  if (queues) {
    checks.push(backlogCheck(queues, thresholds.backlogSeconds));
    checks.push(queuesClaimedCheck(queues, thresholds.unclaimedSeconds));
  }
  if (schedules) {
    checks.push(schedulesCheck(schedules, thresholds.scheduleGraceSeconds, () => clock.now()));
  }
  if (provider) checks.push(providerCheck(provider));
  if (ports.smtp) checks.push(smtpCheck(ports.smtp, () => clock.now()));
  return checks;
}
