import type { TaskDetail } from "../../lib/wire/tasks.ts";

/** `gone`: it was in the list when it was drawn, and no longer fits it. */
export type ShownRow = TaskDetail & { gone?: boolean };

/**
 * Puts news into a list that somebody is reading: known rows keep their place and take their new
 * state, those that left are marked, and new ones are only counted, unless nothing is shown yet.
 */
export function mergeRows(
  shown: ShownRow[],
  news: TaskDetail[],
): { rows: ShownRow[]; fresh: number } {
  if (shown.length === 0) return { rows: news, fresh: 0 };
  const byId = new Map(news.map((row) => [row.task_id, row]));
  const rows = shown.map((row) => byId.get(row.task_id) ?? { ...row, gone: true });
  const known = new Set(shown.map((row) => row.task_id));
  // What follows the last known row has only moved up from the next page.
  const last = news.findLastIndex((row) => known.has(row.task_id));
  const before = last === -1 ? news : news.slice(0, last);
  return { rows, fresh: before.filter((row) => !known.has(row.task_id)).length };
}
