import assert from "node:assert/strict";
import type { Range } from "../../lib/analytics/figures/range.ts";
import { rangeCsv } from "./range_text.ts";

async function* rowsOf(botIds: string[]) {
  for (const bot_id of botIds) yield { start: "2026-01-01", bot_id, figures: {} };
}

Deno.test("no bot's id is a formula to a spreadsheet, and ids that are none stay as they are", async () => {
  const formulas = [
    "=1",
    "+1",
    "-1",
    "@A",
    "\t=1",
    "\rx",
    " =1",
    "\u200b=1",
    "\u00a0@A",
    "＝1",
    "＋1",
  ];
  const words = ["shop", "a=1", "1-2", "'=1", "(=1)"];
  const rows = rowsOf([...formulas, ...words]);
  const range = { metrics: [], rows } as unknown as Pick<Range, "metrics" | "rows">;
  const lines = await Array.fromAsync(rangeCsv(range as Range));
  const cells = lines.slice(1).map((line) => line.trimEnd().split(",").at(-1)!);
  const plain = cells.map((cell) => cell.replace(/^"(.*)"$/s, "$1"));
  assert.deepEqual(plain, [...formulas.map((text) => `'${text}`), ...words]);
});
