import assert from "node:assert/strict";
import { recountText } from "./recount.ts";

const right = {
  conversations: 3,
  turns: 5,
  compared: 40,
  difference_count: 0,
  differences: [],
  days_without_all_facts: 0,
  changed_meanwhile: [],
};

Deno.test("a recount says what it compared, and each number that is wrong", () => {
  assert.equal(
    recountText(right),
    "40 counts compared with 3 conversations and 5 turns: no difference\n",
  );
  const wrong = recountText({
    ...right,
    difference_count: 2,
    differences: [{ record: "day 2026-01-31", count: "messages", expected: 4, stored: 5 }],
    days_without_all_facts: 1,
    changed_meanwhile: ["2026-02-01"],
  });
  assert.deepEqual(wrong.split("\n"), [
    "40 counts compared with 3 conversations and 5 turns: 2 differ",
    "day 2026-01-31, messages: 5, but it should be 4",
    "and 1 more",
    "1 days are kept in part: compared as far as they are",
    "changed meanwhile and left out: 2026-02-01",
    "",
  ]);
});
