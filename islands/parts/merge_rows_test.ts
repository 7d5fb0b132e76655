import assert from "node:assert/strict";
import { mergeRows } from "./merge_rows.ts";
import type { TaskDetail } from "../../lib/wire/tasks.ts";

const row = (task_id: string, status = "running") => ({ task_id, status }) as TaskDetail;
const ids = (rows: TaskDetail[]) => rows.map((row) => row.task_id).join(" ");

const idOf = (row: TaskDetail) => row.task_id;

Deno.test("known rows keep their place and take their new state", () => {
  const { rows, fresh } = mergeRows([row("b"), row("a")], [row("a", "completed"), row("b")], idOf);
  assert.equal(ids(rows), "b a");
  assert.equal(rows[1]!.status, "completed");
  assert.equal(fresh, 0);
});

Deno.test("newer rows are counted, not inserted; older ones that moved up are not counted", () => {
  const { rows, fresh } = mergeRows([row("c"), row("b")], [
    row("e"),
    row("d"),
    row("c"),
    row("b"),
    row("a"),
  ], idOf);
  assert.equal(ids(rows), "c b");
  assert.equal(fresh, 2);
});

Deno.test("rows that left the list stay visible and are marked", () => {
  const { rows } = mergeRows([row("b"), row("a")], [row("a")], idOf);
  assert.deepEqual(rows.map((row) => row.gone ?? false), [true, false]);
  assert.equal(mergeRows(rows, [row("b"), row("a")], idOf).rows[0]!.gone, undefined);
});

Deno.test("an empty list shows whatever comes", () => {
  assert.equal(ids(mergeRows([], [row("a")], idOf).rows), "a");
});
