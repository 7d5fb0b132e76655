/** `gone`: it was in the list when it was drawn, and no longer fits it. */
export type Shown<Row> = Row & { gone?: boolean };

/**
 * Puts news into a list that somebody is reading: known rows keep their place and take their new
 * state, those that left are marked, and new ones are only counted, unless nothing is shown yet.
 */
export function mergeRows<Row>(
  shown: Shown<Row>[],
  news: Row[],
  idOf: (row: Row) => string,
): { rows: Shown<Row>[]; fresh: number } {
  if (shown.length === 0) return { rows: news as Shown<Row>[], fresh: 0 };
  const byId = new Map(news.map((row) => [idOf(row), row]));
  const rows = shown.map((row) => byId.get(idOf(row)) ?? { ...row, gone: true });
  const known = new Set(shown.map(idOf));
  // What follows the last known row has only moved up from the next page.
  const last = news.findLastIndex((row) => known.has(idOf(row)));
  const before = last === -1 ? news : news.slice(0, last);
  return { rows, fresh: before.filter((row) => !known.has(idOf(row))).length };
}
