import assert from "node:assert/strict";
import { z } from "zod";
import { complete, defineJob, snooze } from "./definition.ts";
import { FakeClock, openTestEngine } from "./testing.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const sanitize = { sanitizeOps: true, sanitizeResources: true };

/** Mails somebody who has signed up, and again a day later. */
function signUps() {
  const sent: string[] = [];
  const reminder = defineJob({
    kind: "reminder",
    queue: "mail",
    payload: z.object({ to: z.string(), day: z.number() }),
    backoff: () => HOUR_MS,
    maxAttempts: 2,
    perform({ payload, attempt }) {
      if (payload.to === "nobody") throw new Error("no such mailbox");
      if (attempt === 1 && payload.day === 1) throw new Error("busy");
      sent.push(`${payload.to} on day ${payload.day}`);
    },
  });
  const clock = new FakeClock();
  const open = (path?: string) =>
    openTestEngine({ definitions: [reminder], clock, path, start: false });
  return { sent, reminder, clock, open };
}

Deno.test("what was enqueued is looked at before anything runs", sanitize, async () => {
  const { reminder, clock, open } = signUps();
  await using t = await open();
  const runAt = clock.now() + DAY_MS;
  await t.engine.enqueue(reminder, { to: "ada", day: 0 });
  await t.engine.enqueue(reminder, { to: "ada", day: 1 }, { runAt, priority: 9 });
  assert.equal((await t.assertEnqueued(reminder, { count: 2 })).length, 2);
  const [later] = await t.assertEnqueued(reminder, { payload: { day: 1 }, runAt, priority: 9 });
  assert.deepEqual(later!.payload, { to: "ada", day: 1 });
  await t.assertEnqueued(reminder, { payload: { to: "grace" }, count: 0 });
  await assert.rejects(
    t.assertEnqueued(reminder, { payload: { to: "grace" } }),
    /at least 1 task of kind reminder.*grace.*0 of these are:\n.*"to":"ada"/s,
  );
  await assert.rejects(t.assertEnqueued(reminder, { count: 1 }), /2 of these are/);
});

Deno.test(
  "draining performs what is due; the future only when it is asked for",
  sanitize,
  async () => {
    const { sent, reminder, clock, open } = signUps();
    await using t = await open();
    const start = clock.now();
    await t.engine.enqueue(reminder, { to: "ada", day: 0 });
    await t.engine.enqueue(reminder, { to: "ada", day: 1 }, { runAt: start + DAY_MS });
    await t.engine.enqueue(reminder, { to: "nobody", day: 2 }, { runAt: start + 2 * DAY_MS });
    assert.deepEqual(await t.drain(), { completed: 1, failed: 0, cancelled: 0 });
    assert.deepEqual(sent, ["ada on day 0"]);
    assert.equal(clock.now(), start);
    await t.assertEnqueued(reminder, { count: 2 });

    assert.deepEqual(await t.drain({ future: true }), { completed: 1, failed: 1, cancelled: 0 });
    assert.deepEqual(sent, ["ada on day 0", "ada on day 1"]);
    assert.equal(clock.now(), start + 2 * DAY_MS + HOUR_MS, "its retry waited an hour");
    await t.assertEnqueued(reminder, { count: 0 });
  },
);

Deno.test(
  "draining leaves paused queues alone, and tells jobs that never end",
  sanitize,
  async () => {
    const clock = new FakeClock();
    const quiet = defineJob({
      kind: "q",
      queue: "quiet",
      payload: z.null(),
      perform: () => complete(),
    });
    const restless = defineJob({
      kind: "r",
      queue: "restless",
      payload: z.null(),
      perform: () => snooze(1_000),
    });
    await using t = await openTestEngine({ definitions: [quiet, restless], clock });
    await t.engine.pause("quiet", "test");
    await t.engine.enqueue(quiet, null);
    assert.deepEqual(await t.drain({ future: true }), { completed: 0, failed: 0, cancelled: 0 });
    await t.engine.enqueue(restless, null);
    await assert.rejects(t.drain({ future: true, maxMoves: 20 }), /wait for ever new times/);
  },
);

Deno.test(
  "the clock may be moved on while the engine still reads what waits",
  sanitize,
  async () => {
    const { sent, reminder, clock, open } = signUps();
    const folder = await Deno.makeTempDir();
    const path = `${folder}/kv.sqlite`;
    {
      await using before = await open(path);
      const runAt = clock.now() + 500; // before the engine looks again by itself
      await before.engine.enqueue(reminder, { to: "ada", day: 2 }, { runAt });
      await before.drain();
    }
    await using t = await open(path);
    const { list } = t.db.kv;
    const moved = Promise.withResolvers<void>();
    const { advance } = clock;
    clock.advance = (ms) => (advance.call(clock, ms), ms > 0 && moved.resolve());
    // The runner reads what waits page by page; whoever drains looks for the first.
    Object.defineProperty(t.db.kv, "list", {
      value(...[selector, options]: Parameters<Deno.Kv["list"]>) {
        const entries = list.call(t.db.kv, selector, options);
        if (!("start" in selector && selector.start[1] === "t" && options?.limit === 501)) {
          return entries;
        }
        return async function* () {
          const read = await Array.fromAsync(entries);
          await moved.promise;
          yield* read;
        }();
      },
    });
    assert.equal((await t.drain({ future: true })).completed, 1);
    assert.deepEqual(sent, ["ada on day 2"]);
    await Deno.remove(folder, { recursive: true });
  },
);
