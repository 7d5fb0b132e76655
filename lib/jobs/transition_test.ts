import assert from "node:assert/strict";
import fc from "fast-check";
import { exponential } from "./backoff.ts";
import { isTerminal, type JobRecord, type JobState, TRANSITIONS } from "./job.ts";
import { decide, MAX_CRASHES, type Outcome } from "./transition.ts";

const record = (over: Partial<JobRecord> = {}): JobRecord => ({
  kind: "test",
  payload: {},
  state: "available",
  queuedAt: 1_000,
  attempt: 0,
  maxAttempts: 3,
  ...over,
});
const policy = { backoff: exponential(1_000, 60_000), random: () => 0.5 };

Deno.test("a failing job retries with backoff until its attempts are spent", () => {
  let job = record();
  const states: JobState[] = [];
  for (let i = 0; i < 3; i++) {
    job = decide(job, { type: "failed", error: new Error(`no ${i}`) }, 5_000, policy);
    states.push(job.state);
  }
  assert.deepEqual(states, ["retrying", "retrying", "failed"]);
  assert.deepEqual(job.errors?.map((e) => e.message), ["no 0", "no 1", "no 2"]);
  assert.equal(job.finishedAt, 5_000);
  assert.equal(job.runAt, undefined);
});

Deno.test("an error may ask for a longer wait, or say that no attempt can help", () => {
  const later = decide(
    record(),
    {
      type: "failed",
      error: Object.assign(new Error("slow down"), { retryAfterMs: 90_000 }),
    },
    0,
    policy,
  );
  assert.equal(later.runAt, 90_000);
  const never = decide(
    record(),
    {
      type: "failed",
      error: Object.assign(new Error("bad key"), { permanent: true, code: "auth" }),
    },
    0,
    policy,
  );
  assert.equal(never.state, "failed");
  assert.equal(never.errors?.[0]?.code, "auth");
});

Deno.test("what is thrown need not be an error", () => {
  for (const error of ["text", 7, null, undefined, { a: 1 }, Symbol("s"), 10n]) {
    const next = decide(record(), { type: "failed", error }, 0, policy);
    assert.equal(next.state, "retrying");
    assert.equal(typeof next.errors?.[0]?.message, "string");
  }
});

Deno.test("an interruption spends nothing, a snooze no attempt, crashes end after three", () => {
  const job = record({ attempt: 1 });
  assert.equal(decide(job, { type: "interrupted" }, 9, policy), job);
  const snoozed = decide(job, { type: "snoozed", ms: 500 }, 9, policy);
  assert.deepEqual([snoozed.state, snoozed.runAt, snoozed.attempt], ["scheduled", 509, 1]);
  const because = { reason: "provider_down" as const, detail: "it rests" };
  const putOff = decide(job, { type: "snoozed", ms: 500, because }, 9, policy);
  assert.equal(putOff.reason, "provider_down: it rests");
  const done = decide(putOff, { type: "completed" }, 9, policy);
  assert.equal(done.reason, undefined, "why it waited once is not why it ended");
  let crashed = job;
  for (let i = 1; i < MAX_CRASHES; i++) {
    crashed = decide(crashed, { type: "crashed" }, 9, policy);
    assert.deepEqual([crashed.state, crashed.crashes], ["available", i]);
  }
  crashed = decide(crashed, { type: "crashed" }, 9, policy);
  assert.equal(crashed.state, "failed");
  assert.equal(crashed.errors?.at(-1)?.code, "crashed");
});

Deno.test("a result too large or not JSON is replaced by a note", () => {
  const big = decide(record(), { type: "completed", value: "x".repeat(20_000) }, 1, policy);
  assert.match(JSON.stringify(big.result), /20002 characters/);
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  assert.match(
    JSON.stringify(decide(record(), { type: "completed", value: loop }, 1, policy).result),
    /cannot be written/,
  );
});

Deno.test("every outcome leads to a state that the table allows", () => {
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.record({ type: fc.constant("completed" as const), value: fc.jsonValue() }),
    fc.record({ type: fc.constant("snoozed" as const), ms: fc.double() }),
    fc.record({ type: fc.constant("cancelled" as const), reason: fc.string() }),
    fc.record({ type: fc.constant("failed" as const), error: fc.anything() }),
    fc.constant({ type: "interrupted" as const }),
    fc.constant({ type: "crashed" as const }),
  );
  fc.assert(fc.property(
    outcome,
    fc.nat(5),
    fc.integer({ min: 1, max: 6 }),
    fc.nat(4),
    (outcome, attempt, maxAttempts, crashes) => {
      const now = 10_000;
      const next = decide(record({ attempt, maxAttempts, crashes }), outcome, now, policy);
      const allowed: JobState[] = [...TRANSITIONS.running, ...TRANSITIONS.available];
      assert.ok(allowed.includes(next.state));
      assert.equal(next.finishedAt !== undefined, isTerminal(next.state));
      if (next.runAt !== undefined) {
        assert.ok(next.runAt >= now && Number.isFinite(next.runAt));
        assert.ok(next.state === "retrying" || next.state === "scheduled");
      }
      assert.ok((next.errors?.length ?? 0) <= 5);
    },
  ));
});
