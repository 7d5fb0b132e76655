import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { mergeRows, type Shown } from "./merge_rows.ts";
import { LIVE } from "./texts.ts";

interface LiveRows<Row> {
  rows: Shown<Row>[];
  /** The button that lets newer rows in; nothing while there are none. */
  news: JSX.Element;
}

/** Rows that stay where they are while one reads; newer ones wait behind a button. */
export function useLiveRows<Row>(
  first: Row[],
  latest: Row[],
  idOf: (row: Row) => string,
  /** "3 newer tasks" */
  newer: (n: number) => string,
): LiveRows<Row> {
  const [rows, setRows] = useState(first as Shown<Row>[]);
  const [fresh, setFresh] = useState(0);
  useEffect(() => {
    if (latest === first) return;
    const merged = mergeRows(rows, latest, idOf);
    setRows(merged.rows);
    setFresh(merged.fresh);
  }, [latest]);
  const showAll = () => {
    setRows(latest as Shown<Row>[]);
    setFresh(0);
  };
  const news = (
    <p class="fresh" role="status">
      {fresh > 0 && (
        <button type="button" class="button" onClick={showAll}>
          {LIVE.show(newer(fresh))}
        </button>
      )}
    </p>
  );
  return { rows, news };
}
