import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { tempFolder } from "../../tests/support/temp_folder.ts";
import type { AppError } from "../errors.ts";
import { Batches } from "./batches.ts";
import { complete, defineJob } from "./definition.ts";
import { chain, Flows, type FlowStep, step } from "./flows.ts";
import { actOnMatching, countMatching } from "./matching.ts";
import { recount } from "./recount.ts";
import { FakeClock, openTestEngine } from "./testing.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };

function work(fails: ReadonlySet<string> = new Set()) {
  const order: string[] = [];
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload: z.object({ name: z.string() }),
    maxAttempts: 1,
    perform({ payload: { name } }) {
      if (fails.has(name)) throw new Error(`${name} cannot`);
      order.push(name);
      return complete({ made: name });
    },
  });
  const named = (name: string, ...after: string[]) => step(name, job, { name }, { after });
  return { order, job, named };
}

const states = async (flows: Flows, id: string) =>
  Object.fromEntries((await flows.get(id))!.steps.map(({ name, state }) => [name, state]));

/** Waits until every step of a flow has ended. */
async function ended(t: { engine: Flows["engine"] }, flows: Flows, id: string): Promise<void> {
  for (const { id: job } of (await flows.get(id))!.steps) {
    assert.ok(await t.engine.whenEnded(job, 60_000));
  }
  await flows.advance(id);
}

Deno.test("a chain runs in order, fan-in waits for all, results are read", sanitize, async () => {
  const { order, job, named } = work();
  await using t = await openTestEngine({ definitions: [job] });
  const flows = new Flows(t.engine);
  const id = await flows.enqueue([
    ...chain(named("fetch"), named("check"), named("split")),
    named("a", "split"),
    named("b", "split"),
    named("join", "a", "b"),
  ]);
  await ended(t, flows, id);
  assert.deepEqual(order.slice(0, 3), ["fetch", "check", "split"]);
  assert.deepEqual(order.slice(3, 5).sort(), ["a", "b"]);
  assert.equal(order[5], "join");
  assert.equal((await flows.get(id))?.state, "completed");
  assert.deepEqual(await flows.result(id, "a"), { made: "a" });
  assert.deepEqual((await recount(t.db.kv)).differences, []);
  assert.equal(await flows.sweep(Infinity), 1);
  assert.equal(await flows.get(id), null);
  flows.close();
});

Deno.test("a step that fails cancels those that need it, and no others", sanitize, async () => {
  const { order, job, named } = work(new Set(["a"]));
  await using t = await openTestEngine({ definitions: [job] });
  const flows = new Flows(t.engine);
  const id = await flows.enqueue([
    named("a"),
    named("b"),
    named("after a", "a"),
    named("after b", "b"),
    named("both", "after a", "b"),
  ]);
  await ended(t, flows, id);
  assert.deepEqual(await states(flows, id), {
    a: "failed",
    b: "completed",
    "after a": "cancelled",
    "after b": "completed",
    both: "cancelled",
  });
  assert.deepEqual(order, ["b", "after b"]);
  const { steps, state } = (await flows.get(id))!;
  assert.equal(state, "failed");
  assert.match((await t.engine.get(steps[2]!.id))!.reason!, /the step before it, a,/);
  flows.close();
});

Deno.test(
  "a flow is cancelled with all that waits; steps say why they wait",
  sanitize,
  async () => {
    const { order, job, named } = work();
    await using t = await openTestEngine({ definitions: [job], start: false });
    const flows = new Flows(t.engine);
    const id = await flows.enqueue(chain(named("one"), named("two"), named("three")));
    const { steps } = (await flows.get(id))!;
    assert.match(
      (await t.engine.waitingBecause(steps[1]!.id))[0]!.detail,
      /earlier steps of flow:/,
    );
    await flows.cancel(id, "not wanted");
    assert.equal((await flows.get(id))?.state, "failed");
    await t.drain();
    assert.deepEqual(order, []);
    const isInvalid = (error: AppError) => error.code === "invalid";
    await assert.rejects(flows.enqueue([named("x", "y")]), isInvalid);
    await assert.rejects(flows.enqueue([named("x", "y"), named("y", "x")]), isInvalid);
    await assert.rejects(flows.enqueue([named("x"), named("x")]), isInvalid);
    await assert.rejects(flows.enqueue([]), isInvalid);
    flows.close();
  },
);

Deno.test("a flow whose process ended between two steps goes on after the next start", async () => {
  await using folder = await tempFolder();
  const path = folder.path + "/kv.sqlite";
  const { order, job, named } = work();
  let id: string;
  {
    await using t = await openTestEngine({ definitions: [job], path });
    const flows = new Flows(t.engine);
    flows.close(); // nobody hears that the first step ended, as if the process died just then
    id = await flows.enqueue(chain(named("one"), named("two"), named("three")));
    await t.engine.whenEnded((await flows.get(id))!.steps[0]!.id, 60_000);
  }
  await using t = await openTestEngine({ definitions: [job], path });
  const flows = new Flows(t.engine);
  await Promise.all([flows.recover(), flows.advance(id), flows.advance(id)]);
  await ended(t, flows, id);
  assert.deepEqual(order, ["one", "two", "three"]);
  flows.close();
});

Deno.test("whatever waits for whatever, each step runs once, after all that it needs", async () => {
  // Each step may wait for any before it, so there are no circles.
  const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(graphs, fc.array(fc.nat(13), { maxLength: 2 }), async (graph, failing) => {
      const fails = new Set(failing.map(String));
      const { order, job, named } = work(fails);
      const steps: FlowStep[] = graph.map((needs, i) =>
        named(`${i}`, ...new Set(i === 0 ? [] : needs.map((n) => `${n % i}`)))
      );
      await using t = await openTestEngine({ definitions: [job], clock: new FakeClock() });
      const flows = new Flows(t.engine);
      const id = await flows.enqueue(steps);
      await ended(t, flows, id);
      const runs = new Set<string>();
      for (const { name, after } of steps) {
        if (!fails.has(name) && after.every((need) => runs.has(need))) runs.add(name);
      }
      assert.deepEqual([...order].sort(), [...runs].sort());
      for (const { name, after } of steps) {
        for (const need of runs.has(name) ? after : []) {
          assert.ok(order.indexOf(need) < order.indexOf(name), `${name} after ${need}`);
        }
      }
      assert.deepEqual((await recount(t.db.kv)).differences, []);
      flows.close();
    }),
    { numRuns: 20 },
  );
});

Deno.test("a batch is cancelled by its id, counted first, and is followed all the same", async () => {
  const { job } = work();
  const after = defineJob({ kind: "after", queue: "other", payload: z.null(), perform: () => {} });
  await using t = await openTestEngine({ definitions: [job, after] });
  await t.engine.pause("default", "test");
  const batches = new Batches(t.engine).register(after);
  const options = { then: { kind: after, payload: null } };
  const payloads = Array.from({ length: 20 }, (_, i) => ({ name: `${i}` }));
  const id = await batches.enqueue(job, payloads, options);
  await t.engine.enqueue(job, { name: "another's" });
  const followed = t.event((event) => event.type === "job.completed" && event.kind === "after");
  const selection = { batchId: id };
  assert.deepEqual(await countMatching(t.engine, selection, "cancel"), {
    count: 20,
    capped: false,
  });
  const result = await actOnMatching(t.engine, selection, "cancel", { limit: 100, by: "ops" });
  assert.deepEqual(result, { done: 20, failed: 0 });
  await followed; // the last one to end was cancelled while it waited
  assert.equal((await batches.get(id))?.cancelled, 20);
  await t.assertEnqueued(job, { count: 1 });
  batches.close();
});
