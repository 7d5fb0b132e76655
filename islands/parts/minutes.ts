import type { History, HistoryMetric } from "../../lib/wire/history.ts";

/** A value for every minute of the window; minutes that were not recorded are null. */
export function byMinute(history: History, metric: HistoryMetric): (number | null)[] {
  const from = Date.parse(history.from);
  const minutes = Math.max(0, Math.round((Date.parse(history.to) - from) / 60_000));
  const values: (number | null)[] = Array(minutes).fill(null);
  for (const point of history.points) {
    const minute = Math.floor((Date.parse(point.at) - from) / 60_000);
    if (minute >= 0 && minute < minutes) values[minute] = point[metric] ?? null;
  }
  return values;
}
