import { plainText } from "./format.ts";

/** A column of a table; numbers stand right, text left. */
export interface Column {
  title: string;
  align?: "left" | "right";
  /** Never cut, as an id that somebody will copy. */
  whole?: boolean;
}

const GAP = "  ";
const MIN_WIDTH = 6;

/**
 * Rows as aligned text that fits `width` characters: the widest left-aligned columns are cut, with
 * an ellipsis, until it does. Ends with a line break.
 */
export function formatTable(columns: Column[], rows: string[][], width: number): string {
  const cells = [columns.map((column) => column.title), ...rows].map((row) =>
    columns.map((_, index) => [...plainText(row[index] ?? "")])
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]!.length)));
  shrink(widths, columns, width - GAP.length * (columns.length - 1));
  return cells.map((row) =>
    row.map((cell, index) => {
      const size = widths[index]!;
      const text = cell.length > size ? cell.slice(0, size - 1).join("") + "…" : cell.join("");
      const padding = " ".repeat(size - Math.min(cell.length, size));
      return columns[index]!.align === "right" ? padding + text : text + padding;
    }).join(GAP).trimEnd()
  ).join("\n") + "\n";
}

function shrink(widths: number[], columns: Column[], available: number): void {
  let excess = widths.reduce((sum, size) => sum + size, 0) - available;
  while (excess > 0) {
    let widest = -1;
    for (const [index, size] of widths.entries()) {
      const { align, whole } = columns[index]!;
      const cuttable = align !== "right" && !whole && size > MIN_WIDTH;
      if (cuttable && (widest < 0 || size > widths[widest]!)) widest = index;
    }
    if (widest < 0) return;
    widths[widest]!--;
    excess--;
  }
}
