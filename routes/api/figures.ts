import { parseAccept } from "hono/utils/accept";
import { HIDDEN } from "../../lib/wire/schemas/text.ts";
import {
  AnomaliesAnswer,
  AnomaliesQuery,
  BusiestAnswer,
  BusiestQuery,
  CompareAnswer,
  CompareQuery,
  RANGE_METRICS,
  RangeAnswer,
  type RangeMetric,
  RangeQuery,
  RetentionAnswer,
  RetentionQuery,
  UnansweredAnswer,
  UnansweredQuery,
  USER_METRICS,
} from "../../lib/wire/schemas/figures.ts";
import { UNCOMPARED } from "../../lib/analytics/figures/catalogue.ts";
import { commitOnce } from "../../lib/kv/idempotency.ts";
import { RecountQueued } from "../../lib/wire/schemas/figures.ts";
import { apiHeaders } from "../middleware/secure_headers.ts";
import type { ApiBuilder } from "./operation.ts";
import { rangeCsv, rangeJson, streamed } from "./range_text.ts";

/** Figures of any span of time, beyond the fixed reports. */
export function addFigures(api: ApiBuilder): void {
  const { bots, figures, clock, work, db, admit } = api.deps;

  api.add({
    route: "GET /analytics/range",
    tag: "Analytics",
    summary: "Metrics by hour, day, week or month, in any time zone",
    description:
      "`from` and `to` are local days, both included; weeks and months are whole ones. " +
      "Without `metrics` all that the query allows: users are counted over all bots together. " +
      "`text/csv` by `format=csv` or `Accept`. Streamed.",
    query: RangeQuery,
    alsoAs: "text/csv",
    answer: RangeAnswer,
    statuses: [404],
    async handle({ query, request, requestId, signal }) {
      const { granularity, tz: zone, bot_id: botId } = query;
      const byBot = query.by === "bot";
      const metrics = query.metrics ?? allowed(botId !== undefined || byBot);
      const { from, to } = query;
      const range = await figures.range({ from, to, granularity, zone, botId, byBot, metrics });
      const csv = (query.format ?? preferred(request)) === "csv";
      const parts = csv
        ? rangeCsv(range)
        : rangeJson(range, { tz: zone, granularity, bot_id: botId }, () => clock.now());
      const headers = apiHeaders(csv ? "text/csv; charset=utf-8" : "application/json", requestId);
      if (csv) headers["content-disposition"] = `attachment; filename="${fileName(range)}"`;
      return new Response(streamed(parts, signal), { headers });
    },
  });

  api.add({
    route: "GET /analytics/compare",
    tag: "Analytics",
    summary: "A week, a month or a number of days beside the one before",
    description: "A period that still runs is compared with the same time from the start of the " +
      "one before (`basis: equal_elapsed`).",
    query: CompareQuery,
    answer: CompareAnswer,
    statuses: [404],
    async handle({ query: { tz: zone, bot_id: botId, metrics, ...query } }) {
      const compared = metrics ??
        allowed(botId !== undefined).filter((metric) => !UNCOMPARED.includes(metric));
      return { analytics: await figures.compare({ ...query, zone, botId, metrics: compared }) };
    },
  });

  api.add({
    route: "GET /analytics/busiest",
    tag: "Analytics",
    summary: "Conversations and turns by hour of the week",
    query: BusiestQuery,
    answer: BusiestAnswer,
    statuses: [404],
    async handle({ query: { tz: zone, bot_id: botId, from, to } }) {
      return { analytics: await figures.busiest({ from, to, zone, botId }) };
    },
  });

  api.add({
    route: "GET /analytics/anomalies",
    tag: "Analytics",
    summary: "Days out of the ordinary for their weekday",
    description:
      "Conversations, answer rate, error rate and the 90th percentile of the time to an " +
      "answer of each day that is over, beside the same weekday of the 8 weeks before.",
    query: AnomaliesQuery,
    answer: AnomaliesAnswer,
    statuses: [404],
    async handle({ query: { tz: zone, bot_id: botId, from, to } }) {
      return { analytics: await figures.anomalies({ from, to, zone, botId }) };
    },
  });

  api.add({
    route: "GET /analytics/retention",
    tag: "Analytics",
    summary: "How many of those first seen on a day came back 1, 7 and 30 days after",
    query: RetentionQuery,
    answer: RetentionAnswer,
    async handle({ query }) {
      return { analytics: await figures.retention(query) };
    },
  });

  api.add({
    route: "GET /analytics/unanswered",
    tag: "Analytics",
    summary: "What to teach a bot next: its unanswered questions, grouped by likeness",
    query: UnansweredQuery,
    answer: UnansweredAnswer,
    statuses: [404],
    async handle({ query: { bot_id, limit }, principal }) {
      // What the bot has been taught since makes room for as many others.
      const found = await figures.unanswered(bot_id, 2 * limit);
      const taught = await bots.answers(bot_id, found.map(({ question }) => question));
      const groups = found.filter((_, n) => !taught?.[n]).slice(0, limit);
      const shown = (text: string) => principal.content ? text : HIDDEN;
      return {
        bot_id,
        questions: groups.map(({ question, count, variants, lastAskedAt }) => ({
          question: shown(question),
          count,
          variants: variants.map(shown),
          last_asked_at: new Date(lastAskedAt).toISOString(),
        })),
      };
    },
  });

  api.add({
    route: "POST /analytics/recount",
    tag: "Analytics",
    summary: "Compare every number of the reports with the facts that are kept",
    description: "The task's result says what differs. Nothing is changed.",
    answer: RecountQueued,
    queues: true,
    async handle({ claim }) {
      if (!await claim?.earlier()) admit(1);
      return await commitOnce(db, claim, (tx) => ({ task_id: work.recount(tx) }));
    },
  });
}

const allowed = (oneBot: boolean): RangeMetric[] =>
  RANGE_METRICS.filter((name) => !oneBot || !USER_METRICS.includes(name as never));

/** CSV where the request names it and does not like JSON as well. */
function preferred(request: Request): "csv" | "json" {
  const named = parseAccept(request.headers.get("accept") ?? "");
  const weight = (type: string) => named.find((each) => each.type.toLowerCase() === type)?.q ?? 0;
  return weight("text/csv") > weight("application/json") ? "csv" : "json";
}

const fileName = ({ from, to }: { from: string; to: string }) => `analytics-${from}-${to}.csv`;
