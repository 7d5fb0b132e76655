import assert from "node:assert/strict";
import { z } from "zod";
import { createLogger } from "../log.ts";
import { defineJob, JobError } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { openTestEngine } from "./testing.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };

function lines() {
  const written: string[] = [];
  const write = (line: string) => void written.push(line);
  const log = createLogger({ level: "info", format: "json", secrets: [], write });
  return { log, written };
}

Deno.test(
  "a job that fails for good is one line of the log, without what it holds",
  sanitize,
  async () => {
    const { log, written } = lines();
    const job = defineJob({
      kind: "work",
      queue: "default",
      payload: z.object({ text: z.string() }),
      maxAttempts: 2,
      backoff: () => 0,
      perform({ payload }) {
        throw new JobError(`cannot do ${payload.text}`, { code: "too_hard" });
      },
    });
    await using t = await openTestEngine({ definitions: [job], log });
    const id = await t.engine.enqueue(job, { text: "secret" });
    await t.drained();
    const { level, message, ...fields } = JSON.parse(written[0]!);
    delete fields.at;
    assert.deepEqual([level, message], ["warn", "a task failed for good"]);
    const what = { kind: "work", queue: "default", code: "too_hard", attempts: 2 };
    assert.deepEqual(fields, { task_id: id, ...what });
    assert.equal(written.length, 1);
    assert.doesNotMatch(written.join(), /secret/);
  },
);

Deno.test("one that took its process down too often is one, too", sanitize, async () => {
  const { log, written } = lines();
  let started = () => {};
  const job = defineJob({
    kind: "work",
    queue: "default",
    payload: z.object({}),
    perform: () => (started(), new Promise<void>(() => {})),
  });
  await using t = await openTestEngine({ definitions: [job], start: false });
  await using engines = new AsyncDisposableStack();
  const id = await t.engine.enqueue(job, {});
  for (let n = 0; n < 4; n++) {
    const underWay = new Promise<void>((resolve) => started = resolve);
    const { db, clock } = t.engine.options;
    const engine = new JobEngine({ db, clock, log, queues: { default: 1 }, worker: `w${n}` });
    engines.defer(() => engine.stop(0));
    await engine.register(job).start();
    if (n < 3) await underWay;
  }
  const failed = written.map((line) => JSON.parse(line))
    .filter(({ message }) => message === "a task failed for good");
  assert.deepEqual(
    failed.map(({ task_id, code, crashes }) => [task_id, code, crashes]),
    [[id, "crashed", 3]],
  );
});
