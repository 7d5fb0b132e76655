import assert from "node:assert/strict";
import fc from "fast-check";
import { type AlertSignal, type AlertState, isRaised, quiet, step } from "./state.ts";

const times = { holdMs: 60_000, clearMs: 120_000 };
const SECOND = 1_000;

/** Steps through signals, each at its second, and gives what changed when. */
function walk(signals: [second: number, signal: AlertSignal][], from = quiet(0)) {
  let state = from;
  const changes: string[] = [];
  const told: string[] = [];
  for (const [second, signal] of signals) {
    const next = step(state, signal, second * SECOND, times);
    state = next.state;
    if (next.change) changes.push(`${next.change}@${second}`);
    if (next.tell) told.push(`${next.tell}@${second}`);
  }
  return { state, changes, told };
}

Deno.test("an alert is raised after its hold time and resolved after its clear time, each once", () => {
  const { changes, told, state } = walk([
    [0, "good"],
    [30, "bad"],
    [60, "bad"],
    [90, "bad"],
    [120, "bad"],
    [150, "near"],
    [180, "good"],
    [270, "good"],
    [300, "good"],
    [330, "good"],
  ]);
  assert.deepEqual(changes, ["raised@90", "resolved@300"]);
  assert.deepEqual(told, changes);
  assert.equal(state.phase, "ok");
});

Deno.test("a short peak raises nothing, and a figure near the threshold neither raises nor resolves", () => {
  assert.deepEqual(walk([[0, "bad"], [30, "near"], [60, "bad"], [119, "bad"]]).changes, []);
  const raised = walk([[0, "bad"], [60, "bad"]]).state;
  const { changes } = walk([[90, "near"], [500, "near"], [600, "good"], [650, "near"]], raised);
  assert.deepEqual(changes, []);
});

Deno.test("what cannot be measured changes nothing", () => {
  assert.equal(walk([[0, "unknown"]]).state.phase, "ok");
  const { changes } = walk([[0, "bad"], [60, "unknown"], [90, "bad"]]);
  assert.deepEqual(changes, ["raised@90"]);
  const raised = walk([[0, "bad"], [60, "bad"]]).state;
  assert.deepEqual(walk([[70, "good"], [300, "unknown"]], raised).changes, []);
});

Deno.test("a silenced alert is told when the silence ends, if it is still raised", () => {
  const silenced = { by: "a", at: 0, until: 200 * SECOND, reason: "" };
  const from: AlertState = { ...quiet(0), silenced };
  const { changes, told, state } = walk(
    [[0, "bad"], [60, "bad"], [199, "bad"], [200, "bad"]],
    from,
  );
  assert.deepEqual(changes, ["raised@60"]);
  assert.deepEqual(told, ["raised@200"]);
  assert.equal(state.silenced, null);
  const over = walk([[0, "bad"], [60, "bad"], [61, "good"], [190, "good"]], from);
  assert.deepEqual(over.changes, ["raised@60", "resolved@190"]);
  assert.deepEqual(over.told, [], "who was not told of the raise is not told of its end");
});

Deno.test("an acknowledgement lasts until the alert is resolved", () => {
  const raised = walk([[0, "bad"], [60, "bad"]]).state;
  const acknowledged = { ...raised, acknowledged: { by: "a", at: 70 * SECOND } };
  assert.ok(walk([[80, "bad"], [90, "good"]], acknowledged).state.acknowledged);
  assert.equal(walk([[90, "good"], [210, "good"]], acknowledged).state.acknowledged, null);
});

Deno.test("a clock that was set back does not hold an alert for ever", () => {
  const { changes } = walk([[10_000, "bad"], [0, "bad"], [30, "bad"]]);
  assert.equal(changes.length, 1);
});

Deno.test("whatever is seen, raises and resolutions take turns, and nobody is told twice", () => {
  const signals = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 100 }), fc.constantFrom("bad", "near", "good", "unknown")),
    { maxLength: 80 },
  );
  const silence = fc.option(fc.integer({ min: 1, max: 3_000 }));
  fc.assert(fc.property(signals, silence, (steps, until) => {
    let now = 0;
    let state = quiet(0);
    if (until) state.silenced = { by: "a", at: 0, until: until * SECOND, reason: "" };
    let changed = "resolved";
    let told = "resolved";
    for (const [seconds, signal] of steps as [number, AlertSignal][]) {
      now += seconds * SECOND;
      const before = state;
      const next = step(before, signal, now, times);
      state = next.state;
      assert.equal(isRaised(state), state.raisedAt !== null);
      if (next.change) {
        assert.notEqual(next.change, changed);
        changed = next.change;
        assert.equal(isRaised(state), changed === "raised");
        if (changed === "raised") assert.equal(signal, "bad");
        else assert.equal(signal, "good");
      }
      if (next.tell) {
        assert.notEqual(next.tell, told);
        told = next.tell;
        assert.equal(state.silenced, null);
      }
      assert.ok(state.since <= now);
      assert.notEqual(before, state, "the state before is left as it was");
    }
  }));
});
