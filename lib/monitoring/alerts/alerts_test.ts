import assert from "node:assert/strict";
import { FakeClock } from "../../clock.ts";
import { Database } from "../../kv/database.ts";
import type { WriteSet } from "../../kv/write_set.ts";
import { silentLogger as log } from "../../log.ts";
import { Alerts, type AlertView, runbookOf } from "./alerts.ts";
import type { AlertRule } from "./rule.ts";

interface Figures {
  heat: number | null;
}

const rule: AlertRule<Figures> = {
  name: "heat",
  title: "it is hot",
  severity: "critical",
  side: "above",
  raiseAt: 80,
  clearAt: 70,
  holdMs: 60_000,
  clearMs: 60_000,
  read: ({ heat }) => heat,
  say: (value) => `${value} degrees`,
};

function open(db: Database, clock: FakeClock, figures: Figures, told: string[] = []) {
  const tell = (tx: WriteSet, change: string, alert: AlertView) => {
    told.push(change);
    tx.set(["told", told.length], `${change} ${alert.detail}`);
  };
  const inputs = () => Promise.resolve(figures);
  return new Alerts<Figures>({ db, log, clock, rules: [rule], inputs, tell });
}

Deno.test("an alert outlives a restart: it is neither raised nor resolved twice", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const figures: Figures = { heat: 90 };
  const told: string[] = [];
  const first = open(db, clock, figures, told);
  await first.evaluate();
  clock.advance(60_000);
  await first.evaluate();
  assert.deepEqual(told, ["raised"]);
  assert.equal((await db.kv.get(["told", 1])).value, "raised 90 degrees");
  await first.close();

  const second = open(db, clock, figures, told);
  await second.evaluate();
  const [alert] = await second.list();
  assert.equal(alert!.raised, true);
  assert.equal(alert!.phase, "firing");
  figures.heat = 75;
  await second.evaluate();
  figures.heat = 60;
  await second.evaluate();
  clock.advance(60_000);
  await second.evaluate();
  assert.deepEqual(told, ["raised", "resolved"]);
  assert.equal((await second.list())[0]!.raised, false);
});

Deno.test("acknowledging takes a raised alert; silencing any; both are told to listeners", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const figures: Figures = { heat: 90 };
  const told: string[] = [];
  const alerts = open(db, clock, figures, told);
  const heard: string[] = [];
  alerts.subscribe((change, alert) => heard.push(`${change} ${alert.name}`));
  await assert.rejects(alerts.acknowledge("heat", "me"), { code: "conflict" });
  await assert.rejects(alerts.acknowledge("cold", "me"), { code: "not_found" });
  await assert.rejects(alerts.silence("cold", 1, "me", ""), { code: "not_found" });

  const silenced = await alerts.silence("heat", 600_000, "me", "painting");
  assert.equal(silenced.silenced?.reason, "painting");
  await alerts.evaluate();
  clock.advance(60_000);
  await alerts.evaluate();
  assert.deepEqual(told, []);
  assert.equal((await alerts.acknowledge("heat", "me")).acknowledged?.by, "me");
  assert.equal((await alerts.acknowledge("heat", "you")).acknowledged?.by, "me");
  assert.equal((await alerts.silence("heat", 0, "me", "")).silenced, null);
  await alerts.evaluate();
  assert.deepEqual(told, ["raised"]);
  assert.deepEqual(heard, ["null heat", "raised heat", "null heat", "null heat", "null heat"]);
});

Deno.test("the timer evaluates at once and then every 30 s, and a source that fails changes nothing", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  let asked = 0;
  let fault = false;
  const alerts = new Alerts<Figures>({
    db,
    log,
    clock,
    rules: [rule],
    tell() {},
    inputs() {
      asked++;
      return fault ? Promise.reject(new Error("no figures")) : Promise.resolve({ heat: 90 });
    },
  });
  alerts.start();
  const turn = async (ms: number) => {
    clock.advance(ms);
    const before = asked;
    await alerts.evaluate(); // waits for the one that the timer began
    return before;
  };
  assert.equal(await turn(0), 0);
  assert.ok(asked >= 2);
  await new Promise((resolve) => setTimeout(resolve, 0));
  fault = true;
  clock.advance(30_000);
  await alerts.evaluate();
  assert.ok(asked >= 4);
  assert.equal((await alerts.list())[0]!.phase, "pending");
  await alerts.close();
  const before = asked;
  clock.advance(300_000);
  assert.equal(asked, before);
});

Deno.test("an alert's section in the runbook has its name as anchor", () => {
  assert.equal(runbookOf("cache_hit_rate"), "/docs/runbook#alert-cache-hit-rate");
});
