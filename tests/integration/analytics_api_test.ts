import assert from "node:assert/strict";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { RANGE_METRICS } from "../../lib/wire/schemas/figures.ts";
import { FIGURE_NAMES } from "../../lib/analytics/figures/catalogue.ts";
import { ADMIN, withApi } from "./api_support.ts";

const PREFIX = "/api/performance/analytics";

async function imported(db: Parameters<typeof withData>[0], botId: string, at: string) {
  const tx = new WriteSet();
  await new Recorder(db).imported(tx, [{
    conversationId: crypto.randomUUID(),
    botId,
    userId: "ann",
    startedAt: Date.parse(at),
    endedAt: Date.parse(at),
    status: "completed",
    satisfaction: 5,
    messages: 4,
    userMessages: 2,
  }]);
  await db.commit(tx);
}

async function withData(db: ConstructorParameters<typeof Recorder>[0]) {
  await imported(db, "faq", "2026-03-28T22:30:00Z");
  await imported(db, "faq", "2026-03-29T22:30:00Z");
  await imported(db, '=SUM("x")', "2026-03-29T10:00:00Z");
}

Deno.test("the API's metrics are those of the catalogue", () => {
  assert.deepEqual([...RANGE_METRICS].sort(), Object.keys(FIGURE_NAMES).sort());
});

Deno.test("a range as JSON and as CSV, in a zone", () =>
  withApi(async ({ ask, deps, url }) => {
    await withData(deps.db);
    const query = "from=2026-03-28&to=2026-03-30&tz=Europe/Berlin";
    const { status, body } = await ask(`${PREFIX}/range?${query}`);
    assert.equal(status, 200);
    assert.equal(body.status, "success");
    assert.ok(Date.parse(body.timestamp));
    const { rows, totals, trend, metrics } = body.analytics;
    assert.deepEqual(metrics, [...RANGE_METRICS]);
    assert.deepEqual(
      rows.map((row: { local_start: string; figures: { conversations: { value: number } } }) => [
        row.local_start,
        row.figures.conversations.value,
      ]),
      [["2026-03-28T00:00+01:00", 1], ["2026-03-29T00:00+01:00", 1], ["2026-03-30T00:00+02:00", 1]],
    );
    assert.equal(totals.active_users.value, 1);
    assert.equal(totals.csat.value, 100);
    assert.equal(totals.answer_rate.value, null);
    assert.deepEqual(trend, { direction: "stable", slope: { value: 0, percent: 0, n: 3 } });

    const csv = await fetch(
      `${url}${PREFIX}/range?${query}&by=bot&metrics=conversations,csat`,
      { headers: { authorization: `Bearer ${ADMIN}`, accept: "text/csv" } },
    );
    assert.match(csv.headers.get("content-type")!, /text\/csv/);
    assert.match(csv.headers.get("content-disposition")!, /2026-03-28-2026-03-30\.csv/);
    const lines = (await csv.text()).split("\r\n");
    assert.equal(
      lines[0],
      "start,end,local_start,partial,bot_id,conversations,csat,csat.n,csat.mean,csat.response_rate," +
        "csat.response_n",
    );
    assert.equal(lines.length, 5);
    assert.ok(lines[2]!.includes(`,"'=SUM(""x"")",1,100,1,5,100,1`), lines[2]);

    const typeFor = async (accept: string) => {
      const answer = await fetch(`${url}${PREFIX}/range?${query}&metrics=csat`, {
        headers: { authorization: `Bearer ${ADMIN}`, accept },
      });
      await answer.body?.cancel();
      return answer.headers.get("content-type")!.split(";")[0];
    };
    assert.equal(await typeFor("application/json, text/csv;q=0.5"), "application/json");
    assert.equal(await typeFor("text/csv;q=0, */*"), "application/json");
    assert.equal(await typeFor("*/*;q=0.1, text/csv"), "text/csv");
  }));

Deno.test("what a range refuses, and its neighbours answer", () =>
  withApi(async ({ ask, deps, token }) => {
    await withData(deps.db);
    for (
      const [query, field] of [
        ["tz=Nowhere", "tz"],
        ["metrics=nonsense", "metrics"],
        ["granularity=hour&from=2026-01-01&to=2026-12-31", "from"],
        ["from=2026-02-02&to=2026-02-01", "from"],
        ["bot_id=faq&metrics=active_users", "metrics"],
      ]
    ) {
      const { status, body } = await ask(`${PREFIX}/range?${query}`);
      assert.equal(status, 422, query);
      assert.equal(body.errors[0].path, field, query);
    }
    assert.equal((await ask(`${PREFIX}/range?bot_id=nobody`)).status, 404);
    for (const metric of ["lifecycle", "engagement", "contained_24h_rate"]) {
      assert.equal((await ask(`${PREFIX}/compare?metrics=${metric}`)).status, 422, metric);
    }
    const compared = await ask(
      `${PREFIX}/compare?unit=days&from=2026-03-29&to=2026-03-29&metrics=conversations`,
    );
    assert.deepEqual(compared.body.analytics.growth, { conversations: { value: 100 } });
    const busy = await ask(`${PREFIX}/busiest?from=2026-03-23&to=2026-03-29&bot_id=faq`);
    assert.equal(busy.body.analytics.hours.length, 168);
    const odd = await ask(`${PREFIX}/anomalies?from=2026-03-23&to=2026-03-29&tz=Europe/Berlin`);
    const none = { from: "2026-03-23", to: "2026-03-29", judged: 0, anomalies: [] };
    assert.deepEqual(odd.body.analytics, none);
    const cohorts = await ask(`${PREFIX}/retention?from=2026-03-28&to=2026-03-29`);
    assert.deepEqual(cohorts.body.analytics.cohorts[0].d1, { value: 100, users: 1, n: 1 });
    const unanswered = await ask(`${PREFIX}/unanswered?bot_id=faq`, {
      token: await token("viewer"),
    });
    assert.deepEqual(unanswered.body.questions, []);
    assert.ok((await ask(`${PREFIX}/recount`, { method: "POST" })).body.task_id);
  }));
