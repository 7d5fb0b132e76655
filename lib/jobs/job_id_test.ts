import assert from "node:assert/strict";
import fc from "fast-check";
import { formatJobId, parseJobId, segmentOf, SuffixMaker, turnOf } from "./job_id.ts";

Deno.test("an id spells its address", () => {
  const maker = new SuffixMaker();
  fc.assert(fc.property(
    fc.constantFrom("default", "conversations", "my_queue2"),
    fc.nat(35),
    fc.nat(9),
    fc.integer({ min: 0, max: 3e15 }),
    (queue, shard, priority, turn) => {
      const address = { queue, shard, priority, suffix: maker.make(turn) };
      assert.deepEqual(parseJobId(formatJobId(address)), address);
      assert.equal(turnOf(address.suffix), turn);
      assert.ok(address.suffix.startsWith(segmentOf(address.suffix)));
    },
  ));
});

Deno.test("suffixes of one process are unique and sort by turn", () => {
  const maker = new SuffixMaker();
  const made = Array.from({ length: 20_000 }, () => maker.make(1_790_000_000_000_000));
  assert.equal(new Set(made).size, made.length);
  assert.ok(maker.make(1_790_000_000_000_016) > made.at(-1)!);
});

Deno.test("anything else is no id", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const address = parseJobId(text);
    if (address) assert.equal(formatJobId(address), text);
  }));
  for (const text of ["", "a-b-c", "default-05-", "default-05-ZZZZZZZZZZZZZZZZZZZ", "../x"]) {
    assert.equal(parseJobId(text), null);
  }
});
