import assert from "node:assert/strict";
import { z } from "zod";
import type { AppError } from "../errors.ts";
import { defineJob } from "./definition.ts";
import { WriteSet } from "../kv/write_set.ts";
import { packRecord } from "./job_codec.ts";
import { formatJobId, turnText } from "./job_id.ts";
import { type JobFilter, listDead } from "./job_list.ts";
import { deadKey, jobKey } from "./keys.ts";
import { FakeClock, openTestEngine, type TestEngine } from "./testing.ts";

const any = defineJob({ kind: "any", queue: "a", payload: z.null(), perform: () => {} });

/** Writes dead letters as a worker leaves them, and gives their ids. */
async function letters(
  { db }: TestEngine,
  queue: string,
  given: { at: number; kind: string }[],
): Promise<string[]> {
  const ids = given.map((_, n) =>
    formatJobId({ queue, shard: 0, priority: 5, suffix: `${turnText(n)}00000000` })
  );
  for (let from = 0; from < given.length; from += 100) {
    const tx = new WriteSet();
    for (const [i, { at, kind }] of given.slice(from, from + 100).entries()) {
      const id = ids[from + i]!;
      tx.set(deadKey(queue, at, id), 1).set(
        jobKey(id),
        packRecord({
          kind,
          payload: null,
          state: "failed",
          queuedAt: 0,
          attempt: 1,
          maxAttempts: 1,
          finishedAt: at,
        }),
      );
    }
    assert.ok(await db.commit(tx));
  }
  return ids;
}

/** The ids of all pages. */
async function allPages(kv: Deno.Kv, filter: Omit<JobFilter, "cursor">): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listDead(kv, ["a", "b"], { ...filter, cursor });
    ids.push(...page.jobs.map(({ id }) => id));
    assert.notEqual(page.nextCursor, cursor ?? "none");
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return ids;
}

Deno.test("failures of one millisecond are paged through, each once", async () => {
  await using t = await openTestEngine({ definitions: [any], clock: new FakeClock() });
  const same = (count: number) => Array.from({ length: count }, () => ({ at: 5, kind: "any" }));
  const ids = [...await letters(t, "a", same(120)), ...await letters(t, "b", same(30))];
  for (const limit of [1, 7, 50]) {
    const page = await listDead(t.db.kv, ["a", "b"], { limit });
    assert.equal(page.jobs.length, limit);
    assert.deepEqual(await allPages(t.db.kv, { limit }), ids.toSorted().reverse());
  }
});

Deno.test("a failure behind five hundred of its queue is found, however old another's are", async () => {
  await using t = await openTestEngine({ definitions: [any], clock: new FakeClock() });
  const many = Array.from(
    { length: 600 },
    (_, n) => ({ at: 10 + n, kind: n === 50 ? "x" : "any" }),
  );
  const ids = await letters(t, "a", many);
  const [other] = await letters(t, "b", [{ at: 1, kind: "x" }]);
  assert.deepEqual(await allPages(t.db.kv, { limit: 10, kind: "x" }), [ids[50], other]);
});

Deno.test("the records of a page of dead letters are read ten to an operation", async () => {
  await using t = await openTestEngine({ definitions: [any], clock: new FakeClock() });
  await letters(t, "a", Array.from({ length: 90 }, (_, at) => ({ at, kind: "any" })));
  const reads: string[] = [];
  const kv = new Proxy(t.db.kv, {
    get(target, name) {
      if (name === "get" || name === "getMany") reads.push(name);
      const found = Reflect.get(target, name, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
  assert.equal((await listDead(kv, ["a", "b"], { limit: 50 })).jobs.length, 50);
  assert.deepEqual(reads, Array(5).fill("getMany"));
});

Deno.test("a cursor that no page gave is refused, that of another order too", async () => {
  await using t = await openTestEngine({ definitions: [any], clock: new FakeClock() });
  for (const cursor of ["", "A", "1_", `1_a-05-${"0".repeat(19)}`, "0".repeat(41)]) {
    await assert.rejects(
      t.engine.list({ limit: 1, cursor }),
      (e: AppError) => e.code === "invalid" && e.issues[0]?.path === "cursor",
    );
  }
  for (const cursor of ["", "1700000000000", "0hmk3x8k2p1a7f3000c", "1_", "1_other"]) {
    await assert.rejects(
      t.engine.list({ state: "failed", limit: 1, cursor }),
      (e: AppError) => e.code === "invalid" && e.issues[0]?.path === "cursor",
    );
  }
});

Deno.test("dead letters of several queues are paged through, newest first, each once", async () => {
  const broken = (queue: string) =>
    defineJob({
      kind: `work of ${queue}`,
      queue,
      payload: z.object({ n: z.number() }),
      maxAttempts: 1,
      perform() {
        throw new Error("broken");
      },
    });
  const definitions = ["default", "other"].map(broken);
  await using t = await openTestEngine({ definitions, queues: { default: 1, other: 1 } });
  const ids: string[] = [];
  for (let n = 0; n < 7; n++) {
    const id = await t.engine.enqueue(definitions[n % 2]!, { n });
    assert.equal(await t.engine.whenEnded(id, 5_000), true);
    ids.push(id);
  }
  const newestFirst = (await t.engine.list({ state: "failed", limit: 50 })).jobs;
  assert.deepEqual(newestFirst.map(({ id }) => id).sort(), [...ids].sort());
  const ends = newestFirst.map(({ finishedAt }) => finishedAt!);
  assert.deepEqual(ends, [...ends].sort((a, b) => b - a));

  for (const limit of [1, 2, 3]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await t.engine.list({ state: "failed", limit, cursor });
      seen.push(...page.jobs.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined && seen.length <= ids.length);
    assert.deepEqual(seen, newestFirst.map(({ id }) => id), `in pages of ${limit}`);
  }
  const { jobs } = await t.engine.list({ state: "failed", queue: "other", limit: 2 });
  const others = newestFirst.filter(({ queue }) => queue === "other");
  assert.deepEqual(jobs.slice(0, 2), others.slice(0, 2));
});

Deno.test("a text may be searched for in some fields of the payload alone", async () => {
  const job = defineJob({
    kind: "named",
    queue: "a",
    payload: z.object({ bot_id: z.string(), message: z.string(), more: z.unknown() }),
    perform: () => {},
  });
  await using t = await openTestEngine({ definitions: [job] });
  await t.engine.pause("a", "test");
  await t.engine.enqueue(job, { bot_id: "shop", message: "secret", more: { bot_id: "deep" } });
  const found = async (text: string, textIn?: string[]) =>
    (await t.engine.list({ text, textIn, limit: 9 })).jobs.length;
  for (const text of ["secret", "deep", '"bot_id":"shop"', "named"]) {
    assert.equal(await found(text), 1, text);
    const open = text !== "secret" && text !== "deep";
    assert.equal(await found(text, ["bot_id", "more"]), open ? 1 : 0, text);
  }
});
