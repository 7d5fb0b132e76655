import assert from "node:assert/strict";
import { z } from "zod";
import { defineJob } from "./definition.ts";
import { openTestEngine } from "./testing.ts";

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
