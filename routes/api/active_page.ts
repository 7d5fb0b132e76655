import { invalidField } from "../../lib/errors.ts";
import type { JobView } from "../../lib/jobs/mod.ts";
import { WRONG_CURSOR } from "../../lib/wire/cursor.ts";

const ACTIVE_CURSOR = /^(\d{1,15})~(\d{1,15})~(.+)$/s;

/**
 * Tasks behind a cursor, longest running first, of those that ran at the first page's time:
 * whatever ends or starts meanwhile, none is given twice, and none that runs all the time is left
 * out. A cursor names the latest start of the first page's time (ms), and start and id of the task
 * that it comes behind.
 */
export function pageOfActive<J extends Pick<JobView, "id" | "startedAt">>(
  sorted: J[],
  limit: number,
  cursor?: string,
): { page: J[]; next?: string } {
  const [, upTo = sorted.at(-1)?.startedAt ?? 0, start = -1, id = ""] =
    ACTIVE_CURSOR.exec(cursor ?? "") ?? [];
  if (cursor !== undefined && start === -1) throw invalidField("cursor", WRONG_CURSOR);
  const behind = sorted.filter((job) => {
    const at = job.startedAt ?? 0;
    return at <= Number(upTo) && (at > Number(start) || at === Number(start) && job.id > id);
  });
  const page = behind.slice(0, limit);
  const last = page.at(-1);
  if (!last || behind.length <= limit) return { page };
  return { page, next: `${upTo}~${last.startedAt ?? 0}~${last.id}` };
}
