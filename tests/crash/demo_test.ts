import assert from "node:assert/strict";
import type { DemoState } from "../../lib/wire/demo.ts";
import { startDemo } from "../support/demo.ts";

/** Reads a page of the demo until it says what is waited for. */
async function stateWhen(url: string, holds: (state: DemoState) => boolean): Promise<DemoState> {
  for (;;) {
    const state = await (await fetch(`${url}state`)).json() as DemoState;
    if (holds(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("the demo is killed, loses its Redis, and loses no question", async () => {
  await using demo = await startDemo(2);
  const { breaker, link } = demo;
  const dashboard = await fetch(link, { redirect: "manual" });
  await dashboard.body?.cancel();
  const cookie = dashboard.headers.get("set-cookie")!.split(";")[0]!;
  const overview = await (await fetch(new URL("/", link), { headers: { cookie } })).text();
  assert.ok(overview.includes(`href="${breaker}"`), "the Overview leads to the page that breaks");

  const press = async (action: string) => {
    const response = await fetch(breaker + action, { method: "POST" });
    assert.equal(response.status, 200);
    return await response.text();
  };
  await stateWhen(breaker, ({ answered }) => answered > 20);
  assert.match(await press("break-redis"), /Lost<\/dt><dd>0</);
  const broken = await stateWhen(breaker, ({ redis }) => redis === "broken");
  await stateWhen(breaker, ({ answered }) => answered > broken.answered + 2);
  await press("kill");
  const killed = await stateWhen(
    breaker,
    ({ kills, service }) => kills === 1 && service === "running",
  );
  await press("mend-redis");
  const end = await stateWhen(
    breaker,
    ({ answered, asked, redis }) =>
      redis === "running" && answered > killed.answered + 2 && asked - answered < 10,
  );
  assert.deepEqual([end.lost, end.kills, end.breaks], [0, 1, 1]);
  assert.match(await (await fetch(breaker)).text(), /Broken 2×, and 0 lost\./);
  assert.equal(
    await fetch(new URL("/nobody/kill", breaker), { method: "POST" })
      .then(async (answer) => (await answer.text(), answer.status)),
    404,
  );
  assert.equal(await demo.end(), "", "a demo that is ended is no fault, and logs none");
});
