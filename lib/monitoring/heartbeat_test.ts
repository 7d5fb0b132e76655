import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { type LogFields, silentLogger } from "../log.ts";
import type { HealthStatus } from "./checks/check.ts";
import { Heartbeat } from "./heartbeat.ts";

Deno.test("the address is called each minute while healthy, and its failures name no secret", async () => {
  let answer = 200;
  let calls = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    calls++;
    return new Response("thanks", { status: answer });
  });
  const url = `http://127.0.0.1:${server.addr.port}/secret-id`;
  const clock = new FakeClock();
  let status: HealthStatus = "healthy";
  const warned: LogFields[] = [];
  const log = { ...silentLogger, warn: (_: string, fields?: LogFields) => warned.push(fields!) };
  const health = () => Promise.resolve({ status });
  const heartbeat = new Heartbeat({ url, health, log, clock });
  heartbeat.start();
  const minute = async () => {
    clock.advance(60_000);
    await heartbeat.settled();
    return calls;
  };
  assert.equal(calls, 0);
  assert.equal(await minute(), 1);
  assert.equal(await minute(), 2);
  status = "degraded";
  assert.equal(await minute(), 2);
  status = "healthy";
  answer = 500;
  assert.equal(await minute(), 3);
  await server.shutdown();
  await minute();
  assert.equal(warned.length, 2);
  assert.match(String(warned[0]!.reason), /answered 500/);
  assert.doesNotMatch(JSON.stringify(warned), /secret-id/);
  await heartbeat.close();
  assert.equal(await minute(), 3);
});

Deno.test("closing does not wait for an address that hangs", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new FakeClock();
  const heartbeat = new Heartbeat({
    url: `http://127.0.0.1:${silent.addr.port}/`,
    health: () => Promise.resolve({ status: "healthy" as const }),
    log: silentLogger,
    clock,
  });
  heartbeat.start();
  clock.advance(60_000);
  const connection = await silent.accept();
  await heartbeat.close();
  connection.close();
  silent.close();
});
