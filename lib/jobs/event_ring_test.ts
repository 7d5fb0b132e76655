import assert from "node:assert/strict";
import fc from "fast-check";
import { Database } from "../kv/database.ts";
import { EventRing } from "./event_ring.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const open = (db: Database, keep?: number, now = 1_000) =>
  EventRing.open<string>(db, { keep, now: () => now });
const named = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => `event ${from + i}`);

Deno.test("events are read on from the last one seen, also after a restart", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { ring, broken } = await open(db);
  assert.equal(broken, true); // nobody said that nothing happened before
  const [first] = await ring.append(["a"]);
  await ring.append(["b", "c"]);
  await ring.close();

  const again = await open(db, undefined, 900);
  assert.equal(again.broken, false);
  assert.deepEqual(again.ring.after(first!.seq)!.map(({ event }) => event), ["b", "c"]);
  assert.deepEqual(again.ring.after(again.ring.last), []);
  const [d] = await again.ring.append(["d"]);
  assert.equal(again.ring.after(d!.seq - 1)![0]!.event, "d");
  assert.equal((await open(db)).broken, true); // d came after it was closed
});

Deno.test("what is no longer kept, or never was given out, is null", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { ring } = await open(db, 10);
  const [first] = await ring.append(named(0, 5));
  assert.equal(ring.after(first!.seq - 1)?.length, 5);
  assert.equal(ring.after(ring.last + 1), null);
  await ring.append(named(5, 8));
  await ring.append(named(13, 8));
  assert.equal(ring.after(first!.seq), null);
  const records = await Array.fromAsync(db.kv.list({ prefix: ["jobs", "events"] }));
  assert.equal(records.length, 2);
});

Deno.test("a restored backup gives out no number twice", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { ring } = await open(db, 10, 5_000);
  await ring.append(["a"]);
  const later = await open(db, 10, 9_000);
  assert.equal(later.broken, true);
  const [b] = await later.ring.append(["b"]);
  assert.ok(b!.seq >= 9_000);
});

Deno.test("two processes share one stream", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const one = (await open(db)).ring;
  const two = (await open(db)).ring;
  await one.append(["a"]);
  assert.deepEqual((await two.append(["b"])).map(({ event }) => event), ["a", "b"]);
  assert.deepEqual((await one.refresh()).map(({ event }) => event), ["b"]);
  assert.deepEqual(one.after(one.last - 2)!.map(({ event }) => event), ["a", "b"]);
  assert.equal(one.last, two.last);
});

Deno.test("an event too large for a record with others has one of its own", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { ring } = await open(db);
  const events = ["a", "b".repeat(20_000), "c".repeat(20_000), "d"];
  await ring.append(events);
  const again = (await open(db)).ring;
  assert.deepEqual((again.after(again.last) ?? []).length, 0);
  const [oldest] = await Array.fromAsync(db.kv.list({ prefix: ["jobs", "events"] }));
  const from = Number(oldest!.key.at(-1)) - 1;
  assert.deepEqual(ring.after(from)!.map(({ event }) => event), events);
});

Deno.test("random appends and restarts lose nothing that is kept", sanitize, async () => {
  const step = fc.oneof(fc.nat(20), fc.constant("restart" as const));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await using db = await Database.open({ path: ":memory:" });
      let { ring } = await open(db, 25);
      const all: { seq: number; event: string }[] = [];
      for (const step of steps) {
        if (step === "restart") {
          await ring.close();
          ({ ring } = await open(db, 25));
        } else if (step > 0) all.push(...await ring.append(named(all.length, step)));
      }
      assert.deepEqual(all.map(({ event }) => event), named(0, all.length));
      for (const { seq } of all.slice(-25)) {
        assert.deepEqual(ring.after(seq), all.filter((entry) => entry.seq > seq));
      }
    }),
    { numRuns: 30 },
  );
});
