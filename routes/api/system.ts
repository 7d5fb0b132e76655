import { invalidField } from "../../lib/errors.ts";
import { commitOnce } from "../../lib/kv/idempotency.ts";
import {
  CleanupInput,
  CleanupQueued,
  HealthAnswer,
  HISTORY_METRICS,
  HistoryAnswer,
  HistoryQuery,
  ServiceStopping,
  SummaryAnswer,
} from "../../lib/wire/schemas/system.ts";
import { PreparedJson } from "./call.ts";
import type { ApiBuilder } from "./operation.ts";

const DAY_MS = 86_400_000;
/** As far back as anything is kept by default. */
const MAX_HISTORY_MS = 401 * DAY_MS;

/** Health, summary, history and cleaning up. */
export function addSystem(api: ApiBuilder): void {
  const { health, summary, history, work, db, clock, admit } = api.deps;
  /** The summary that was answered last, as text. */
  let latest = { found: {}, json: new PreparedJson({}) };

  api.add({
    route: "GET /health",
    tag: "System",
    summary: "How the service and its machine are",
    description: "Always 200, whatever it reports.",
    answer: HealthAnswer,
    handle: async () => ({ health_report: await health.report() }),
  });

  api.add({
    route: "GET /performance/summary",
    tag: "System",
    summary: "Everything at a glance, with a score and what lowers it",
    answer: SummaryAnswer,
    async handle() {
      const found = await summary();
      if (found !== latest.found) {
        latest = { found, json: new PreparedJson({ performance_summary: found }) };
      }
      return latest.json;
    },
  });

  api.add({
    route: "GET /performance/history",
    tag: "System",
    summary: "Figures per minute or hour; by default the last 24 hours",
    query: HistoryQuery,
    answer: HistoryAnswer,
    async handle({ query }) {
      const to = query.to ? Date.parse(query.to) : clock.now();
      const from = query.from ? Date.parse(query.from) : to - DAY_MS;
      if (from >= to) throw invalidField("from", "must lie before `to`");
      if (to - from > MAX_HISTORY_MS) {
        throw invalidField("from", "must lie at most 401 days before `to`");
      }
      const metrics = query.metrics ?? [...HISTORY_METRICS];
      return {
        history: await history.query({ metrics, from, to, granularity: query.granularity }),
      };
    },
  });

  api.add({
    route: "POST /maintenance/cleanup",
    tag: "System",
    summary: "Clean up what is old",
    description: "The kind may stand in the body or in the query.",
    query: CleanupInput,
    body: CleanupInput,
    answer: CleanupQueued,
    queues: true,
    async handle({ query, body, claim, audit }) {
      const kind = body.cleanup_type ?? query.cleanup_type ?? "all";
      return await commitOnce(db, claim, (tx) => {
        admit(1, "upkeep");
        audit(tx);
        const tasks = work.cleanup(tx, kind);
        return {
          cleanup_tasks: tasks.map(({ type, taskId }) => ({ type, task_id: taskId })),
          cleanup_type: kind,
        };
      });
    },
  });

  api.add({
    route: "POST /service/stop",
    tag: "System",
    summary: "Stop the service in good order, as SIGTERM does",
    description: "Running tasks get their time to end; what is left goes on after the next start.",
    answer: ServiceStopping,
    handle() {
      api.deps.askToStop();
      return { stopping: true as const, pid: Deno.pid };
    },
  });
}
