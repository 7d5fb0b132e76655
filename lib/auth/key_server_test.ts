import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createLogger } from "../log.ts";
import { jwtCheck } from "./jwt.ts";

const pairs = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>();
for (const kid of ["old", "new"]) pairs.set(kid, await generateKeyPair("RS256"));

const jwk = async (kid: string): Promise<JWK> => ({
  ...await exportJWK(pairs.get(kid)!.publicKey),
  kid,
  alg: "RS256",
});

/** A key server that answers as `answer` says, the check that asks it, and what is logged. */
async function withServer(
  run: (world: {
    clock: FakeClock;
    lines: string[];
    asked: () => number;
    answer: (next: () => Response) => void;
    subject: (key: string, header?: Partial<JWTHeaderParameters>) => Promise<string | null>;
  }) => Promise<void>,
): Promise<void> {
  let asked = 0;
  let answer = () => new Response("broken", { status: 500 });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    asked++;
    return answer();
  });
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLogger({ level: "warn", format: "json", write: (line) => lines.push(line) });
  const check = await jwtCheck({
    jwksUrl: `http://127.0.0.1:${server.addr.port}/keys`,
    algorithm: "RS256",
    clockSkewSeconds: 0,
    defaultRole: "viewer",
  }, { clock, log });
  await run({
    clock,
    lines,
    asked: () => asked,
    answer: (next) => answer = next,
    async subject(key, header = { kid: key }) {
      const token = await new SignJWT({ sub: key, exp: Math.floor(clock.now() / 1000) + 60 })
        .setProtectedHeader({ alg: "RS256", ...header }).sign(pairs.get(key)!.privateKey);
      const found = await check.verify(token, clock.now());
      return "refused" in found ? null : found.subject;
    },
  });
  await server.shutdown();
}

const isUnavailable = (error: unknown) => error instanceof AppError && error.code === "unavailable";

Deno.test("a new key is found by its name half a minute later, also on a clock that was set back", () =>
  withServer(async ({ answer, asked, clock, subject }) => {
    const keys = [await jwk("old")];
    answer(() => Response.json({ keys }));
    assert.equal(await subject("old"), "old");
    keys.push(await jwk("new"));
    assert.equal(await subject("new"), null);
    assert.equal(asked(), 1, "names that nobody knows do not make us ask each time");
    clock.set(-3_600_000);
    clock.advance(30_000);
    assert.equal(await subject("new"), "new");
    keys.shift();
    clock.advance(600_000);
    assert.equal(await subject("old"), null, "a key that was withdrawn holds for ten minutes");
  }));

Deno.test("a token that names no key may be signed by any of several", () =>
  withServer(async ({ answer, subject }) => {
    const keys = [await jwk("old"), await jwk("new")];
    answer(() => Response.json({ keys }));
    assert.equal(await subject("old", {}), "old");
    assert.equal(await subject("new", {}), "new");
    assert.equal(await subject("new", { kid: "old" }), null);
  }));

Deno.test("a key server that fails is not asked for every token, and the log says why once", () =>
  withServer(async ({ answer, asked, clock, lines, subject }) => {
    const keys = [await jwk("old")];
    const failures = [
      () => new Response("broken", { status: 500 }),
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      () => Response.json([keys]),
      () => Response.redirect("http://127.0.0.1:9/"),
    ];
    for (const [n, failure] of failures.entries()) {
      answer(failure);
      for (let i = 0; i < 3; i++) await assert.rejects(subject("old"), isUnavailable);
      assert.equal(asked(), n + 1);
      assert.equal(lines.length, n + 1);
      clock.advance(5_000);
    }
    assert.match(lines[0]!, /answered with 500/);
    answer(() => Response.json({ keys }));
    assert.equal(await subject("old"), "old");

    answer(failures[0]!);
    clock.advance(30_000);
    await assert.rejects(subject("new"), isUnavailable);
    assert.equal(await subject("old"), "old", "keys that are known go on");
  }));

Deno.test("an answer without end is left before it fills the memory", () =>
  withServer(async ({ answer, lines, subject }) => {
    const piece = new TextEncoder().encode(" ".repeat(65_536));
    let sent = 0;
    let left = () => {};
    const leaving = new Promise<void>((resolve) => left = resolve);
    answer(() =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += piece.length;
            controller.enqueue(piece);
          },
          cancel: () => left(),
        }),
      )
    );
    await assert.rejects(subject("old"), isUnavailable);
    await leaving;
    assert.ok(sent < 32 * 1_048_576, `${sent} bytes were taken`);
    assert.match(lines[0]!, /longer than/);
  }));
