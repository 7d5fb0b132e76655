import assert from "node:assert/strict";
import fc from "fast-check";
import { FairOrder } from "./fair_order.ts";

Deno.test("one key's flood does not delay another key's job", () => {
  const fair = new FairOrder();
  const flood = Array.from(
    { length: 100_000 },
    (_, i) => fair.assign("q", 5, "bot-a", 1_000, i > 0),
  );
  for (const turn of flood.slice(0, 10)) fair.serve("q", 5, turn);
  const other = fair.assign("q", 5, "bot-b", 1_000, true);
  assert.ok(other <= flood[10]!, "it stands with the flood's next one");
});

Deno.test("jobs of one key keep their order whatever the clock does", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ now: fc.nat(1e6), backlogged: fc.boolean() }), { maxLength: 60 }),
    (steps) => {
      const fair = new FairOrder();
      let last = -1;
      for (const { now, backlogged } of steps) {
        const turn = fair.assign("q", 1, "k", now, backlogged);
        assert.ok(turn > last);
        last = turn;
      }
    },
  ));
});

Deno.test("after a restart new jobs line up behind the stored ones", () => {
  const fair = new FairOrder();
  fair.restore("q", 5, 9_000_000);
  assert.ok(fair.assign("q", 5, "", 1, false) > 9_000_000);
});

Deno.test("keys are forgotten before they fill the memory", () => {
  const fair = new FairOrder();
  for (let i = 0; i < 50_000; i++) fair.assign("q", 5, `key-${i}`, i, false);
  const turn = fair.assign("q", 5, "fresh", 50_001, false);
  assert.ok(turn >= 50_001_000);
});

Deno.test("two floods take turns, though nothing of the first was served when the second came", () => {
  const fair = new FairOrder();
  fair.serve("q", 5, 1_000); // long ago
  const flood = (key: string, now: number) =>
    Array.from({ length: 1_000 }, (_, i) => fair.assign("q", 5, key, now, key !== "a" || i > 0));
  const first = flood("a", 50_000);
  const second = flood("b", 60_000);
  const ahead = first.filter((turn) => turn < second[500]!).length;
  assert.ok(ahead >= 499 && ahead <= 501, `${ahead} of the first stand before half of the second`);
});

Deno.test("a flood that the database has not heard of yet does not delay another key's job", () => {
  const fair = new FairOrder();
  const flood = Array.from({ length: 100_000 }, () => fair.assign("q", 5, "a", 1_000, false));
  const other = fair.assign("q", 5, "b", 1_500, false);
  assert.ok(other <= flood[1]!);
});
