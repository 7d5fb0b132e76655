import assert from "node:assert/strict";
import { pageOfActive } from "./active_page.ts";

const task = (id: string, startedAt: number) => ({ id, startedAt });

Deno.test("pages of running tasks stay true while tasks end, start and start again", () => {
  const at = [task("a", 1), task("b", 2), task("c", 2), task("d", 2), task("e", 7)];
  const first = pageOfActive(at, 2);
  assert.deepEqual(first.page.map(({ id }) => id), ["a", "b"]);
  // "a" has ended, "b" runs again, "x" is new.
  const later = [task("c", 2), task("d", 2), task("e", 7), task("b", 8), task("x", 9)];
  const second = pageOfActive(later, 2, first.next);
  assert.deepEqual(second.page.map(({ id }) => id), ["c", "d"]);
  const third = pageOfActive(later, 2, second.next);
  assert.deepEqual(third, { page: [task("e", 7)] });
  assert.deepEqual(pageOfActive([], 2, second.next), { page: [] });
});

Deno.test("a cursor that no page of running tasks gave is refused", () => {
  for (const cursor of ["2", "x", "1~2", "1~2~", "1~x~a", "", "~~a"]) {
    assert.throws(() => pageOfActive([task("a", 1)], 2, cursor), { code: "invalid" }, cursor);
  }
});
