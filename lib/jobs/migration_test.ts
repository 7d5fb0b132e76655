import assert from "node:assert/strict";
import { MIGRATIONS } from "../kv/migrations.ts";
import { openSchema } from "../kv/schema.ts";
import { WriteSet } from "../kv/write_set.ts";
import { silentLogger as log } from "../log.ts";
import { z } from "zod";
import { defineJob } from "./definition.ts";
import { parseJobId } from "./job_id.ts";
import { recount } from "./recount.ts";
import { openTestEngine } from "./testing.ts";

const greet = defineJob({
  kind: "greet",
  queue: "default",
  payload: z.object({ n: z.number() }),
  perform() {},
});

Deno.test("jobs of a database of schema 1 move under their ids, and run", async () => {
  await using t = await openTestEngine({ definitions: [greet], start: false });
  const { kv } = t.db;
  const ids: string[] = [];
  for (let n = 0; n < 450; n++) ids.push(await t.engine.enqueue(greet, { n }));
  for (const id of ids) {
    const { queue, shard, priority, suffix } = parseJobId(id)!;
    const { value } = await kv.get(["job", id]);
    const old = ["jobs", "j", queue, shard, priority, suffix];
    await t.db.commit(new WriteSet().set(old, value).delete(["job", id]));
  }
  await t.db.commit(new WriteSet().set(["meta", "schema"], 1));
  await openSchema(t.db, { log, version: 2, migrations: MIGRATIONS });
  assert.deepEqual(await Array.fromAsync(kv.list({ prefix: ["jobs", "j"] })), []);
  const { jobs, differences } = await recount(kv);
  assert.deepEqual({ jobs, differences }, { jobs: 450, differences: [] });
  await t.drain();
  assert.equal((await t.engine.get(ids[449]!))?.state, "completed");
});
