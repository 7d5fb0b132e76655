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

Deno.test("a record that was stored as it is can still be read", () => {
  fc.assert(fc.property(record, (record) => assert.equal(unpackRecord(record), record)));
});
