import assert from "node:assert/strict";
import { largeBot, requestOf } from "../../../tests/support/bots.ts";
import { systemClock } from "../../clock.ts";
import { Database } from "../../kv/database.ts";
import { silentLogger } from "../../log.ts";
import { EmbeddedResponder } from "../embedded_responder.ts";
import type { ModelStore } from "./model_files.ts";
import { ModelRecords } from "./model_records.ts";
import { packTrained, trainBot } from "./trained_bot.ts";
import { Trainer } from "./trainer.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const bot = largeBot();
const message = "somebody has stolen my bicycle";

async function chunks(db: Database): Promise<number> {
  return (await Array.fromAsync(db.kv.list({ prefix: ["ai", "model_part"] }))).length;
}

Deno.test("a trained bot lies in the database in chunks, one edition of it", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:", shared: true, maxChecks: 10 });
  const records = new ModelRecords(db);
  assert.equal(await records.load("b", "one"), null);
  const trained = trainBot(bot);
  const packed = packTrained(trained);
  await records.save("b", "one", packed);
  const count = await chunks(db);
  assert.equal(count, Math.ceil(packed.length / (60 * 1024)));
  assert.ok(count > 10, "more than one commit takes");
  assert.deepEqual(await records.load("b", "one"), trained);
  assert.equal(await records.load("b", "two"), null);
  assert.equal(await records.load("other", "one"), null);
  await records.save("b", "two", packed);
  assert.deepEqual(await records.load("b", "two"), trained);
  assert.equal(await records.load("b", "one"), null);
  assert.equal(await chunks(db), count);
  for await (const { key } of db.kv.list({ prefix: ["ai", "model_part"] }, { limit: 1 })) {
    await db.kv.delete(key);
  }
  assert.equal(await records.load("b", "two"), null, "not whole");
});

Deno.test(
  "without threads a bot is trained in turns, to the same, and once for all processes",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const models = new class extends ModelRecords {
      saved = 0;
      override save(...args: Parameters<ModelStore["save"]>) {
        this.saved++;
        return super.save(...args);
      }
    }(db);
    const answers: (string | null)[] = [];
    let turns = 0;
    for (let start = 0; start < 2; start++) {
      using responder = new EmbeddedResponder({ signals: false, models, threads: false });
      const timer = setInterval(() => turns++, 0);
      answers.push((await responder.respond(requestOf(bot, message))).intent);
      clearInterval(timer);
    }
    assert.deepEqual(answers, ["lost_bicycle", "lost_bicycle"]);
    assert.equal(models.saved, 1);
    assert.ok(turns > 10, `others had ${turns} turns`);

    const trainer = new Trainer({ clock: systemClock, log: silentLogger, threads: false });
    const { trained } = await trainer.train(bot);
    const withoutTime = (data: typeof trained) => ({ ...data.classifier, trainingMs: 0 });
    assert.deepEqual(withoutTime(trained), withoutTime(trainBot(bot)));
    const waiting = trainer.train(bot);
    trainer.close();
    await assert.rejects(waiting, /shutting down/);
  },
);
