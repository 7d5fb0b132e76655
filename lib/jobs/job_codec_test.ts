import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobRecord } from "./job.ts";
import { packRecord, unpackRecord } from "./job_codec.ts";

const instant = fc.nat(2 ** 45);
const record: fc.Arbitrary<JobRecord> = fc.record({
  kind: fc.string(),
  payload: fc.jsonValue(),
  state: fc.constantFrom("scheduled", "available", "retrying", "completed", "failed", "cancelled"),
  queuedAt: instant,
  attempt: fc.nat(20),
  maxAttempts: fc.nat(20),
  runAt: instant,
  heldBy: fc.string(),
  startedAt: instant,
  finishedAt: instant,
  result: fc.jsonValue(),
  errors: fc.array(fc.record({ attempt: fc.nat(9), at: instant, message: fc.string() })),
  crashes: fc.nat(3),
  reason: fc.string(),
  uniqueKey: fc.string(),
  fairKey: fc.string(),
  batchId: fc.string(),
  remembers: fc.boolean(),
  timeoutMs: fc.nat(),
}, {
  requiredKeys: ["kind", "payload", "state", "queuedAt", "attempt", "maxAttempts"],
  noNullPrototype: true,
});

Deno.test("a record is what it was, packed and unpacked", () => {
  fc.assert(fc.property(record, (record) => {
    assert.deepEqual(unpackRecord(structuredClone(packRecord(record))), structuredClone(record));
  }));
});

const odd = fc.constantFrom<() => unknown>(
  () => new Date(5),
  () => 7n,
  () => new Map([["a", 1]]),
  () => new Set([1]),
  () => NaN,
  () => -0,
  () => [undefined],
  () => Uint8Array.of(1, 2),
  () => [1, , 2],
  () => ({ toString: 1, ["__proto__"]: 1, toJSON: 2 }),
  () => "\ud800 alone",
);

Deno.test("what JSON would change is stored in the database's own way", () => {
  fc.assert(fc.property(record, odd, fc.boolean(), (record, make, deep) => {
    const payload = deep ? { list: [{ value: make() }] } : make();
    const kept = structuredClone({ ...record, payload, result: payload });
    if (kept.result === undefined) delete kept.result;
    assert.deepEqual(unpackRecord(structuredClone(packRecord(kept))), kept);
  }));
});

Deno.test("a text that JSON would make too long for a value is stored as it is", () => {
  const payload = "\u0001".repeat(40_000);
  const job = { kind: "k", payload, state: "available" as const, queuedAt: 1, attempt: 0 };
  const packed = packRecord({ ...job, maxAttempts: 1 });
  assert.ok(Array.isArray(packed));
  assert.equal(unpackRecord(packed).payload, payload);
});

Deno.test("a record that was stored as it is can still be read", () => {
  fc.assert(fc.property(record, (record) => assert.equal(unpackRecord(record), record)));
});
