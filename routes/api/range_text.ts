import type { Range, RangeRow } from "../../lib/analytics/figures/range.ts";
import { FIGURE_NAMES } from "../../lib/analytics/figures/catalogue.ts";

/** The range's JSON, a row at a time. */
export async function* rangeJson(
  range: Range,
  head: Record<string, string | undefined>,
  now: () => number,
): AsyncGenerator<string> {
  const { from, to, metrics, rows } = range;
  const opening = JSON.stringify({ from, to, ...head, metrics }).slice(0, -1);
  yield `{"status":"success","analytics":${opening},"rows":[`;
  let first = true;
  for await (const row of rows) {
    yield (first ? "" : ",") + JSON.stringify(row);
    first = false;
  }
  const closing = JSON.stringify(range.summary()).slice(1);
  yield `],${closing},"timestamp":${JSON.stringify(new Date(now()).toISOString())}}`;
}

const FRAME = ["start", "end", "local_start", "partial", "bot_id"] as const;

/** The range as CSV (RFC 4180), a row at a time; nothing where nothing was observed. */
export async function* rangeCsv({ metrics, rows }: Range): AsyncGenerator<string> {
  const columns = metrics.flatMap((metric) =>
    FIGURE_NAMES[metric].map((figure) => [metric, figure] as const)
  );
  const names = columns.map(([metric, figure]) =>
    figure === "value" ? metric : `${metric}.${figure}`
  );
  yield csvLine([...FRAME, ...names]);
  for await (const row of rows) yield csvLine([...FRAME.map((name) => row[name]), ...cells(row)]);

  function cells({ figures }: RangeRow) {
    return columns.map(([metric, figure]) => figures[metric]?.[figure]);
  }
}

const csvLine = (cells: readonly unknown[]): string => cells.map(csvCell).join(",") + "\r\n";

/** Signs of a formula: those of half and full width, also behind what is trimmed or not seen. */
const FORMULA = /^[\t\r]|^[\s\u200b-\u200f\u2060]*[=+\-@＝＋－＠]/;

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = String(value);
  // A text that a spreadsheet would take for a formula stays a text.
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Text as a response's body, read as fast as the client takes it, until the signal aborts. */
export function streamed(
  parts: AsyncGenerator<string>,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      signal.throwIfAborted();
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}
