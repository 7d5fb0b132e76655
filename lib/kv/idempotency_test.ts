import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { counterValue } from "./counter.ts";
import { Database } from "./database.ts";
import { commitOnce, IdempotencyClaim, sweepIdempotency } from "./idempotency.ts";

const HOUR = 3_600_000;
const DONE: Deno.KvKey = ["done"];

async function opened(
  run: (s: {
    db: Database;
    clock: FakeClock;
    ask: (key?: string, content?: string) => Promise<string>;
    done: () => Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock(Date.parse("2026-03-01T18:00:00Z"));
  let answers = 0;
  const ask = (key = "k", content = "c") =>
    commitOnce(db, new IdempotencyClaim(db, clock, key, content), (tx) => {
      tx.sum(DONE, 1);
      return `answer ${++answers}`;
    });
  const done = async () => counterValue((await db.kv.get(DONE)).value);
  await run({ db, clock, ask, done });
}

Deno.test("the same request is done once and answered alike", () =>
  opened(async ({ ask, done }) => {
    assert.equal(await ask(), "answer 1");
    assert.equal(await ask(), "answer 1");
    assert.equal(await ask("other"), "answer 2");
    assert.equal(await done(), 2);
  }));

Deno.test("fifty requests at the same moment are done once", () =>
  opened(async ({ ask, done }) => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    assert.equal(new Set(answers).size, 1);
    assert.equal(await done(), 1);
  }));

Deno.test("other content under the same key is a conflict and does nothing", () =>
  opened(async ({ ask, done }) => {
    await ask();
    await assert.rejects(
      ask("k", "other"),
      (error) => error instanceof AppError && error.code === "conflict",
    );
    assert.equal(await done(), 1);
  }));

Deno.test("a key counts for 24 hours, over midnight too", () =>
  opened(async ({ ask, done, clock }) => {
    await ask();
    clock.advance(24 * HOUR - 1);
    assert.equal(await ask(), "answer 1");
    clock.advance(1);
    assert.equal(await ask(), "answer 2");
    assert.equal(await ask(), "answer 2");
    assert.equal(await done(), 2);
  }));

Deno.test("when the commit of the work fails, nothing is remembered", () =>
  opened(async ({ db, clock }) => {
    const claim = () => new IdempotencyClaim(db, clock, "k", "c");
    await assert.rejects(commitOnce(db, claim(), () => Promise.reject(new Error("no"))), /no/);
    assert.equal(await claim().earlier(), null);
  }));

Deno.test("a claim's name stays the same under the key, and changes with the day after", () =>
  opened(async ({ db, clock }) => {
    const name = () => new IdempotencyClaim(db, clock, "k", "c").name();
    const first = await name();
    assert.equal(await name(), first);
    clock.advance(24 * HOUR);
    assert.notEqual(await name(), first);
  }));

Deno.test("old records are swept in bounded batches, those that count stay", () =>
  opened(async ({ db, clock, ask }) => {
    for (let i = 0; i < 5; i++) await ask(`old ${i}`);
    clock.advance(48 * HOUR);
    await ask("new");
    assert.equal(await sweepIdempotency(db, clock.now(), 3), 3);
    assert.equal(await sweepIdempotency(db, clock.now(), 3), 2);
    assert.equal(await sweepIdempotency(db, clock.now(), 3), 0);
  }));
