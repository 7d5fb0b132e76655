import assert from "node:assert/strict";
import { counted, humanBytes, humanSeconds } from "./words.ts";

Deno.test("bytes, seconds and counts read as people write them", () => {
  assert.deepEqual([0, 1023, 1024, 1_258_291, 5 * 1024 ** 4].map(humanBytes), [
    "0 B",
    "1023 B",
    "1.0 KB",
    "1.2 MB",
    "5.0 TB",
  ]);
  assert.deepEqual([0, 59.9, 60, 7_199, 90_000].map(humanSeconds), [
    "0 s",
    "59 s",
    "1 min",
    "1 h",
    "1 d",
  ]);
  assert.deepEqual([counted(1, "task"), counted(0, "task")], ["1 task", "0 tasks"]);
});
