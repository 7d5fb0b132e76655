import assert from "node:assert/strict";
import { rounds } from "../support/randomness.ts";
import { SettableClock } from "../support/settable_clock.ts";
import { Talks, withModel } from "../support/talks.ts";

const HOUR = 3_600;
const talks = new Talks(rounds(40, 400), 5);

for (const jump of [HOUR, -HOUR]) {
  const name = jump > 0 ? "an hour forward" : "an hour back";
  Deno.test(`the clock is set ${name} under load, and set right again: every turn is answered once`, async () => {
    await using clock = await SettableClock.make();
    await withModel(name, async (service, model) => {
      const date = async () => {
        const { body } = await service.request<{ timestamp: string }>("GET", "/queues");
        return Date.parse(body.timestamp);
      };
      const spread = HOUR * 1_000 / 2;
      await talks.queue(service);
      await model.received(Math.floor(talks.turns * 0.3));
      await clock.set(jump);
      assert.ok(Math.abs(await date() - Date.now() - jump * 1_000) < spread, "the process sees it");
      await model.received(Math.floor(talks.turns * 0.6));
      await clock.set(0);
      assert.ok(Math.abs(await date() - Date.now()) < spread);
      await talks.answered(service);
      await talks.assertAnsweredOnce(service);
      await talks.assertBatches(service);
      assert.equal(model.requests.length, talks.turns, "no turn was asked twice");
    }, { clock });
  });
}
