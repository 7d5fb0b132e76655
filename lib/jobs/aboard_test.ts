import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { silentLogger } from "../log.ts";
import { type AnyDefinition, defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { allRunsPrefix, allSessionsPrefix } from "./keys.ts";
import { openTestEngine } from "./testing.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const payload = z.object({ n: z.number() });

const markers = async (db: Database) =>
  (await Array.fromAsync(db.kv.list({ prefix: allRunsPrefix }))).length;

/** Counts the commits of a database from now on. */
function countCommits(db: Database): () => number {
  let commits = 0;
  const commit = db.commit.bind(db);
  db.commit = (write: WriteSet) => {
    commits++;
    return commit(write);
  };
  return () => commits;
}

Deno.test(
  "a job that may start at once starts after the commit that makes it",
  sanitize,
  async () => {
    const seen: number[] = [];
    let commits = () => 0;
    const job = defineJob({
      kind: "work",
      queue: "default",
      payload,
      perform: () => void seen.push(commits()),
    });
    await using t = await openTestEngine({ definitions: [job] });
    await t.engine.enqueue(job, { n: 0 }); // notes that its level is in use
    await t.drained();
    commits = countCommits(t.db);
    await t.engine.enqueue(job, { n: 1 });
    await t.drained();
    assert.equal(seen.at(-1), 1);
    await t.engine.enqueue(job, { n: 2 }, { runAt: Date.now() + 1e9 });
    await t.engine.pause("default", "test");
    const paused = await t.engine.enqueue(job, { n: 3 });
    assert.equal((await t.engine.get(paused))?.state, "available");
    assert.equal(seen.length, 2);
    assert.equal(await markers(t.db), 0);
  },
);

Deno.test("a crowd shares its markers, and every one of it runs", sanitize, async () => {
  const done = new Set<number>();
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload,
    perform: ({ payload }) => void done.add(payload.n),
  });
  await using t = await openTestEngine({ definitions: [job] });
  await Promise.all(Array.from({ length: 500 }, (_, n) => t.engine.enqueue(job, { n })));
  await t.drained();
  assert.equal(done.size, 500);
});

Deno.test(
  "a job is made though the session has ended, and whoever took over runs it",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const ran: string[] = [];
    const open = (worker: string, ...definitions: AnyDefinition[]) =>
      new JobEngine({ db, clock: systemClock, log: silentLogger, queues: { default: 5 }, worker })
        .register(...definitions);
    const done = Promise.withResolvers<void>();
    const jobOf = (worker: string) =>
      defineJob({
        kind: "work",
        queue: "default",
        payload,
        perform() {
          ran.push(worker);
          done.resolve();
        },
      });
    const job = jobOf("old");
    const old = open("old", job);
    await old.start();
    for await (const { key } of db.kv.list({ prefix: allSessionsPrefix })) {
      await db.commit(new WriteSet().delete(key));
    }
    const id = await old.enqueue(job, { n: 1 });
    assert.equal((await old.get(id))?.state, "available");
    assert.equal(await markers(db), 0);
    const next = open("next", jobOf("next"));
    await next.start();
    await done.promise;
    await next.stop(0);
    await old.stop(0);
    assert.deepEqual(ran, ["next"]);
    const view = await next.get(id);
    assert.deepEqual([view?.state, view?.crashes ?? 0], ["completed", 0]);
  },
);

Deno.test("a stop in the same moment leaves no marker behind", sanitize, async () => {
  const job = defineJob({ kind: "work", queue: "default", payload, perform() {} });
  await using t = await openTestEngine({ definitions: [job] });
  const queued = t.engine.enqueue(job, { n: 1 });
  await t.engine.stop(1_000);
  const view = await t.engine.get(await queued);
  assert.equal(await markers(t.db), 0);
  assert.equal(view?.crashes ?? 0, 0);
});
