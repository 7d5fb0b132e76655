import type { AuditEntry as Entry, AuditFilter } from "../../lib/auth/audit.ts";
import type { AuditEntry } from "../../lib/wire/schemas/tokens.ts";
import { AuditExport, AuditPage, AuditQuery, AuditRange } from "../../lib/wire/schemas/tokens.ts";
import type { z } from "@hono/zod-openapi";
import { apiHeaders } from "../middleware/secure_headers.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant } from "./shown.ts";

const LINES = "application/x-ndjson";
const encoder = new TextEncoder();

/** The audit log, paged and as a whole. */
export function addAudit(api: ApiBuilder): void {
  const { auth: { audit } } = api.deps;

  api.add({
    route: "GET /audit",
    tag: "Audit",
    summary: "Who did what to what, newest first",
    description: "What happens often (queueing, and what was refused) is one entry with a count " +
      "for every 2 seconds.",
    query: AuditQuery,
    answer: AuditPage,
    async handle({ query: { limit, cursor, ...filter } }) {
      await audit.flush();
      const { entries, next } = await audit.page(filterOf(filter), limit, cursor);
      return {
        entries: entries.map(shown),
        ...(next === undefined ? {} : { next_cursor: next }),
      };
    },
  });

  api.add({
    route: "GET /audit/export",
    tag: "Audit",
    summary: "The audit log, oldest first, one entry a line",
    query: AuditRange,
    answer: AuditExport,
    stream: LINES,
    async handle({ query, requestId, signal }) {
      await audit.flush();
      const entries = audit.all(filterOf(query));
      const headers = apiHeaders(LINES, requestId);
      headers["content-disposition"] = 'attachment; filename="audit.ndjson"';
      const lines = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = await entries.next();
          if (done || signal.aborted) return controller.close();
          controller.enqueue(encoder.encode(JSON.stringify(shown(value)) + "\n"));
        },
        async cancel() {
          await entries.return(undefined);
        },
      });
      return new Response(lines, { headers });
    },
  });
}

function filterOf(
  { from, to, ...rest }: { from?: string; to?: string; actor?: string; action?: string },
): AuditFilter {
  return {
    ...rest,
    ...(from ? { from: Date.parse(from) } : {}),
    ...(to ? { to: Date.parse(to) } : {}),
  };
}

function shown({ requestId, at, ...entry }: Entry): z.input<typeof AuditEntry> {
  return { at: instant(at), ...entry, request_id: requestId };
}
