import assert from "node:assert/strict";
import { recorded, runCommand, writeConversations } from "../../tests/support/cli.ts";
import { STAND_IN_TOKEN, startStandIn } from "../../tests/support/stand_in_service.ts";
import { percentile } from "./replay.ts";

const CONVERSATIONS = Array.from(
  { length: 12 },
  (_, n) => recorded(`talk/${n}`, `one ${n}`, `two ${n}`, `three ${n}`),
);
const TURNS = CONVERSATIONS.length * 3;

async function withFile(name: string, lines: unknown[], use: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await writeConversations(`${folder}/${name}`, lines);
    await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function environmentOf(url: string) {
  return { PIXEL_URL: url, PIXEL_TOKEN: STAND_IN_TOKEN };
}

for (const name of ["talks.ndjson", "talks.ndjson.gz"]) {
  Deno.test(`replay: every turn of ${name} is asked once, in order, talks side by side`, async () => {
    await using service = startStandIn();
    await withFile(name, CONVERSATIONS, async (path) => {
      const run = await runCommand(["replay", path, "--json"], { env: environmentOf(service.url) });
      assert.equal(run.exitCode, 0, run.err);
      const summary = JSON.parse(run.out);
      assert.equal(summary.sent, TURNS);
      assert.equal(summary.answered, TURNS);
      assert.deepEqual(
        summary.sources.map((s: { source: string; turns: number }) => [s.source, s.turns]),
        [["knowledge", TURNS]],
      );
      assert.ok(summary.latency_ms.p50 <= summary.latency_ms.p99);
      for (let n = 0; n < CONVERSATIONS.length; n++) {
        assert.deepEqual(service.asked.get(`talk/${n}`), [`one ${n}`, `two ${n}`, `three ${n}`]);
      }
      assert.ok(service.mostAtOnce > 1);
    });
  });
}

Deno.test("replay: an outage and lost answers double nothing", async () => {
  await using service = startStandIn();
  let away = 0;
  service.trouble = (_request, count) => {
    if (count % 7 === 0) return "lose the answer";
    if (count % 5 === 0) return { status: 503, retryAfter: 0 };
    return count > 20 && away++ < 4 ? { status: 502 } : undefined;
  };
  await withFile("talks.ndjson", CONVERSATIONS, async (path) => {
    const run = await runCommand(["replay", path, "--json"], { env: environmentOf(service.url) });
    assert.equal(run.exitCode, 0, run.err);
    assert.equal(JSON.parse(run.out).answered, TURNS);
    const asked = [...service.asked.values()].flat();
    assert.equal(asked.length, TURNS);
    assert.equal(new Set(asked).size, TURNS);
  });
});

Deno.test("replay: a second run of the same file asks nothing, a prefix makes it new", async () => {
  await using service = startStandIn();
  await withFile("talks.ndjson", CONVERSATIONS, async (path) => {
    const env = environmentOf(service.url);
    const half = await runCommand(["replay", path, "--limit", "20", "--json"], { env });
    assert.equal(JSON.parse(half.out).answered, 20);
    assert.equal([...service.asked.values()].flat().length, 20);
    service.lateAnswers = true;
    const all = JSON.parse((await runCommand(["replay", path, "--json"], { env })).out);
    assert.equal(all.answered, TURNS);
    assert.equal(all.answered_earlier, 20);
    assert.equal([...service.asked.values()].flat().length, TURNS);
    await runCommand(["replay", path, "--prefix", "again-"], { env });
    assert.equal([...service.asked.values()].flat().length, 2 * TURNS);
    assert.equal(service.asked.get("again-talk/3")?.length, 3);
  });
});

Deno.test("replay: what fails is counted with its reason, and bad lines are named", async () => {
  await using service = startStandIn();
  service.reply = (message) =>
    message === "break"
      ? { response: "the model is gone", source: "fail" }
      : { response: "Hm.", source: message === "odd" ? "none" : "intent" };
  const lines = [
    recorded("a", "hello", "unacceptable", "odd"),
    "no json\n",
    recorded("b", "break", "   ", "hello"),
    { conversation_id: "c" },
  ];
  await withFile("talks.ndjson", lines, async (path) => {
    const run = await runCommand(["replay", path], { env: environmentOf(service.url) });
    assert.equal(run.exitCode, 1);
    const [title, totals] = run.out.split("\n");
    assert.match(title!, /^\s*sent\s+answered\s+failed\s+p50\s+p95\s+p99\s+turns\/s$/);
    assert.match(totals!, /^\s*5\s+3\s+2 /);
    assert.match(run.out, /^intent\s+2\s+66\.7%/m);
    assert.match(run.out, /^none\s+1\s+33\.3%/m);
    assert.match(run.out, /1 {2}asked for trouble 422/);
    assert.match(run.out, /1 {2}the model is gone/);
    assert.match(run.err, /line 2 was left out: is no JSON/);
    assert.match(run.err, /line 4 was left out: user_id: /);
  });
});

Deno.test("replay: a rate holds turns back", async () => {
  await using service = startStandIn();
  await withFile("talks.ndjson", CONVERSATIONS, async (path) => {
    const args = ["replay", path, "--limit", "11", "--rate", "50", "--json"];
    const run = await runCommand(args, { env: environmentOf(service.url) });
    assert.ok(JSON.parse(run.out).seconds >= 0.19, run.out);
  });
});

Deno.test("replay: a wrong token ends it at once, and so does the user", async () => {
  await using service = startStandIn();
  await withFile("talks.ndjson", CONVERSATIONS, async (path) => {
    const env = { ...environmentOf(service.url), PIXEL_TOKEN: "not-the-right-one" };
    const refused = await runCommand(["replay", path], { env });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.err, /^error: .*401.*|PIXEL_TOKEN/);
    assert.equal(service.asked.size, 0);

    const stop = new AbortController();
    service.trouble = (_request, count) => {
      if (count === 40) stop.abort(new Error("stopped"));
      return undefined;
    };
    const stopped = await runCommand(["replay", path, "--json"], {
      env: environmentOf(service.url),
      signal: stop.signal,
    });
    assert.equal(stopped.exitCode, 130);
    assert.ok(JSON.parse(stopped.out).answered < TURNS);
  });
});

Deno.test("replay: without a service it says so at once", async () => {
  await withFile("talks.ndjson", [recorded("a", "hello")], async (path) => {
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const url = `http://127.0.0.1:${listener.addr.port}`;
    listener.close();
    const run = await runCommand(["replay", path], { env: environmentOf(url) });
    assert.equal(run.exitCode, 2);
    assert.match(run.err, /cannot reach the service at http:\/\/127\.0\.0\.1:\d+/);
    assert.equal(run.out, "");
  });
});

Deno.test("replay: a service that goes and stays away ends it, with what was answered", async () => {
  const service = startStandIn();
  service.trouble = (_request, count) => {
    if (count === 15) service[Symbol.asyncDispose]();
    return undefined;
  };
  await withFile("talks.ndjson", CONVERSATIONS, async (path) => {
    const run = await runCommand(["replay", path, "--patience", "0.2", "--concurrency", "2"], {
      env: environmentOf(service.url),
    });
    assert.equal(run.exitCode, 1);
    assert.match(run.out, /cannot reach the service/);
    assert.match(run.err, /goes on where this one stopped/);
    const [sent, answered] = run.out.split("\n")[1]!.trim().split(/ +/).map(Number);
    assert.ok(answered! > 0 && sent! < TURNS, run.out);
  });
});

Deno.test("replay: percentiles are nearest ranks", () => {
  const values = Array.from({ length: 100 }, (_, n) => n + 1);
  assert.equal(percentile(values, 0.5), 50);
  assert.equal(percentile(values, 0.99), 99);
  assert.equal(percentile([7], 0.01), 7);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});
