import type { AnyDefinition } from "../lib/jobs/definition.ts";
import { sweepBatches } from "../lib/conversations/batch.ts";
import { sweepIdempotency } from "../lib/kv/idempotency.ts";
import type { Services } from "../lib/services.ts";
import { bulkAction } from "./bulk_action.ts";
import { deliverCallback } from "./deliver_callback.ts";
import { deliverNotification } from "./deliver_notification.ts";
import { httpTasks } from "./http_task.ts";
import { eraseUserWorker } from "./erase_user.ts";
import { generateReport } from "./generate_report.ts";
import { maintenance } from "./maintenance.ts";
import { probe } from "./probe.ts";
import { recountAnalytics } from "./recount.ts";
import { processConversation } from "./process_conversation.ts";
import { sendReport } from "./send_report.ts";
import { uploadBackups } from "./upload_backups.ts";

const DAY_MS = 86_400_000;

/** Every job handler of the service. */
export function workers(
  services: Services,
  callbackSecret: string,
): AnyDefinition[] {
  const { config, db, clock, auth, healthHistory } = services;
  const { retention } = config;
  const ledger = services.recorder;
  return [
    processConversation({ ...services, ledger }),
    deliverCallback({
      db,
      clock,
      secret: callbackSecret,
      policy: { trusted: config.allowPrivateAddresses },
    }),
    httpTasks({ secret: callbackSecret, policy: taskUrlPolicy(config) }),
    probe(),
    bulkAction(services.engine),
    eraseUserWorker({
      ...services,
      ledger,
      clearAnswers: () => services.cache.clear("answer:*"),
      overwriteFreed: async () => await services.freedPages?.overwrite(db) ?? false,
    }),
    deliverNotification({
      clock,
      log: services.notifier.log,
      mail: config.smtpUrl ? { url: config.smtpUrl, from: config.mailFrom } : null,
      webhookUrl: config.alerts.webhookUrl,
      secret: callbackSecret,
    }),
    sendReport({ ...services, to: config.reportEmails }),
    generateReport(services.reports),
    recountAnalytics(db),
    uploadBackups(services),
    ...maintenance({
      ...services,
      ledger,
      retention: {
        completedMs: retention.completedTasksMs,
        cancelledMs: retention.cancelledTasksMs,
        failedMs: retention.failedTasksMs,
        archiveAfterDays: retention.archiveConversationsMs / DAY_MS,
        deleteAfterDays: retention.deleteConversationsMs / DAY_MS,
      },
      sweepRest: async () => {
        const swept = await Promise.all([
          services.scheduler.sweep(),
          sweepIdempotency(db, clock.now()),
          auth.sessions.sweep(),
          auth.links.sweep(),
          healthHistory.sweep(clock.now()),
          auth.audit.sweep(clock.now() - retention.auditMs),
          services.spending.sweep(),
          services.bots.sweep(),
          services.notifier.log.sweep(clock.now() - retention.notificationsMs),
          services.recorder.unanswered.sweep(clock.now()),
          sweepBatches(db, clock.now() - retention.failedTasksMs),
        ]);
        return swept.reduce((sum, count) => sum + count, 0);
      },
    }),
  ];
}

/** Where tasks by URL may go. Hosts named one by one are trusted, also inside our network. */
export function taskUrlPolicy({ taskUrlAllow, allowPrivateAddresses }: Services["config"]) {
  return { onlyHosts: taskUrlAllow, allowHosts: taskUrlAllow, trusted: allowPrivateAddresses };
}
