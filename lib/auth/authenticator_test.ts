import assert from "node:assert/strict";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { FakeClock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { Database } from "../kv/database.ts";
import { createLogger, silentLogger } from "../log.ts";
import { Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
import { newSecret } from "./secret.ts";

const JWT = {
  secret: "a secret of the platform, long enough",
  algorithm: "HS256",
  clockSkewSeconds: 0,
  defaultRole: "viewer" as const,
};
const ADMIN = "an-admin-token-of-the-test";

async function opened(
  given: Partial<AuthenticatorOptions>,
  run: (auth: Authenticator, clock: FakeClock, options: AuthenticatorOptions) => Promise<void>,
): Promise<void> {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const options: AuthenticatorOptions = {
    db,
    clock,
    log: silentLogger,
    dataDir: "unused",
    adminToken: ADMIN,
    jwt: JWT,
    sessionIdleMs: 3_600_000,
    sessionMaxMs: 86_400_000,
    terminal: false,
    ...given,
  };
  await run(await Authenticator.open(options), clock, options);
}

const signed = (clock: FakeClock, claims: JWTPayload, secret = JWT.secret, alg = "HS256") => {
  const exp = Math.floor(clock.now() / 1000) + 600;
  return new SignJWT({ exp, ...claims }).setProtectedHeader({ alg }).sign(
    new TextEncoder().encode(secret),
  );
};

Deno.test("the configured admin token is an admin, and nothing near it is anybody", () =>
  opened({}, async (auth) => {
    assert.equal((await auth.authenticate(ADMIN))?.role, "admin");
    assert.equal(auth.known(ADMIN)?.id, "admin");
    for (const wrong of ["", ADMIN + "x", ADMIN.slice(0, -1), ADMIN.toUpperCase(), newSecret()]) {
      assert.equal(await auth.authenticate(wrong), null);
      assert.equal(auth.known(wrong), undefined);
    }
  }));

Deno.test("a made admin token is written once, for its owner's eyes alone", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    const lines: string[] = [];
    const log = createLogger({ level: "info", format: "json", write: (line) => lines.push(line) });
    await opened({ adminToken: undefined, dataDir, log }, async (auth, _clock, options) => {
      const path = join(dataDir, "admin-token");
      const token = (await Deno.readTextFile(path)).trim();
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
      assert.equal((await auth.authenticate(token))?.role, "admin");
      const again = await Authenticator.open(options);
      assert.equal((await Deno.readTextFile(path)).trim(), token);
      assert.equal((await again.authenticate(token))?.role, "admin");
      const configured = await Authenticator.open({ ...options, adminToken: ADMIN });
      assert.equal(await configured.authenticate(token), null);
      assert.equal((await configured.authenticate(ADMIN))?.role, "admin");
      assert.ok(lines.some((line) => line.includes(path)));
      assert.ok(lines.every((line) => !line.includes(token)));
    });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("on a terminal a made token is printed, and stands in no file", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    const printed: string[] = [];
    const print = (line: string) => void printed.push(line);
    await opened(
      { adminToken: undefined, dataDir, terminal: true, print },
      async (auth, _clock, options) => {
        const token = /pat_[\w-]{43}/.exec(printed.join("\n"))![0];
        assert.equal((await auth.authenticate(token))?.role, "admin");
        assert.deepEqual([...Deno.readDirSync(dataDir)], []);
        await Authenticator.open(options);
        assert.equal(printed.length, 1);
      },
    );
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("a platform token says its subject and role", () =>
  opened({}, async (auth, clock) => {
    const of = async (claims: JWTPayload) => await auth.authenticate(await signed(clock, claims));
    assert.deepEqual(
      await of({ sub: "u1" }).then((p) => [p?.id, p?.subject, p?.role, p?.content]),
      ["jwt:u1", "u1", "viewer", false],
    );
    assert.equal((await of({ sub: "u1", user_id: "u2" }))?.subject, "u1");
    assert.equal((await of({ user_id: 42 }))?.subject, "42");
    assert.equal((await of({ sub: "u1", role: "operator" }))?.content, true);
    assert.equal((await of({ sub: "u1", role: "admin" }))?.role, "admin");
    assert.equal((await of({ sub: "u1", role: "user" }))?.role, "viewer");
    assert.equal((await of({ sub: "u1", role: ["admin"] }))?.role, "viewer");
    assert.equal((await of({ sub: "u1", content: true }))?.content, true);
  }));

Deno.test("an unknown role gives the least, even where the default is more", () =>
  opened({ jwt: { ...JWT, defaultRole: "operator" } }, async (auth, clock) => {
    assert.equal((await auth.authenticate(await signed(clock, { sub: "a" })))?.role, "operator");
    const guest = await signed(clock, { sub: "a", role: "guest" });
    assert.equal((await auth.authenticate(guest))?.role, "viewer");
  }));

Deno.test("platform tokens that do not hold are nobody's", () =>
  opened({}, async (auth, clock) => {
    const past = Math.floor(clock.now() / 1000) - 1;
    const good = await signed(clock, { sub: "u" });
    const [header, payload, signature] = good.split(".") as [string, string, string];
    const wrong = [
      await signed(clock, { sub: "u", exp: past }),
      await signed(clock, { sub: "u", exp: undefined }),
      await signed(clock, { sub: "u", nbf: past + 100 }),
      await signed(clock, {}),
      await signed(clock, { sub: "" }),
      await signed(clock, { sub: "a\nb" }),
      await signed(clock, { sub: "x".repeat(201) }),
      await signed(clock, { sub: "u" }, "another secret"),
      await signed(clock, { sub: "u" }, JWT.secret, "HS512"),
      new UnsecuredJWT({ sub: "u", role: "admin" }).setExpirationTime("1h").encode(),
      `${header}.${btoa('{"sub":"u","role":"admin","exp":9999999999}')}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      "..",
      "a.b.c",
      "é".repeat(20),
      "x".repeat(100_000),
    ];
    for (const token of wrong) {
      assert.equal(await auth.authenticate(token), null, token.slice(0, 80));
    }
  }));

Deno.test("a platform token ends at its time, remembered or not", () =>
  opened({}, async (auth, clock) => {
    const token = await signed(clock, { sub: "u", exp: Math.floor(clock.now() / 1000) + 10 });
    assert.ok(await auth.authenticate(token));
    clock.advance(9_000);
    assert.ok(auth.known(token));
    clock.advance(1_001);
    assert.equal(auth.known(token), undefined);
    assert.equal(await auth.authenticate(token), null);
  }));

Deno.test("issuer and audience are demanded where they are configured", () =>
  opened({ jwt: { ...JWT, issuer: "platform", audience: "pixel" } }, async (auth, clock) => {
    const token = (claims: JWTPayload) => signed(clock, { sub: "u", ...claims });
    assert.ok(await auth.authenticate(await token({ iss: "platform", aud: "pixel" })));
    assert.equal(await auth.authenticate(await token({ iss: "platform" })), null);
    assert.equal(await auth.authenticate(await token({ iss: "other", aud: "pixel" })), null);
  }));

Deno.test("whoever signed a token is told what is wrong with it, and nobody else", () =>
  opened({ jwt: { ...JWT, issuer: "platform", audience: "pixel" } }, async (auth, clock) => {
    const good = { sub: "u", iss: "platform", aud: "pixel" };
    const past = Math.floor(clock.now() / 1000) - 60;
    const told: [JWTPayload, RegExp][] = [
      [{ ...good, exp: past }, /expired/],
      [{ ...good, nbf: past + 3_600 }, /clocks/],
      [{ ...good, iss: "other" }, /claim iss .* JWT_ISSUER/],
      [{ ...good, aud: "other" }, /claim aud .* JWT_AUDIENCE/],
      [{ ...good, aud: undefined }, /no claim aud/],
      [{ ...good, sub: "" }, /claim sub/],
    ];
    for (const [claims, complaint] of told) {
      assert.equal(await auth.authenticate(await signed(clock, claims)), null);
      assert.match((await auth.complaint(await signed(clock, claims)))!, complaint);
      const forged = await signed(clock, claims, "some other secret of thirty-two bytes");
      assert.equal(await auth.complaint(forged), null);
    }
    for (const rubbish of ["", "a.b.c", "pat_x"]) assert.equal(await auth.complaint(rubbish), null);
  }));

Deno.test("keys are taken from a key server; while it fails nobody is judged", async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...await exportJWK(publicKey), kid: "k1", alg: "RS256" };
  let healthy = false;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => healthy ? Response.json({ keys: [jwk] }) : new Response("broken", { status: 500 }),
  );
  const jwksUrl = `http://127.0.0.1:${server.addr.port}/keys`;
  await opened(
    { jwt: { jwksUrl, algorithm: "RS256", clockSkewSeconds: 0, defaultRole: "viewer" } },
    async (auth, clock) => {
      const token = await new SignJWT({ sub: "u", exp: Math.floor(clock.now() / 1000) + 60 })
        .setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(privateKey);
      await assert.rejects(
        auth.authenticate(token),
        (error) => error instanceof AppError && error.code === "unavailable",
      );
      healthy = true;
      clock.advance(5_000);
      assert.equal((await auth.authenticate(token))?.subject, "u");
      // The public key as an HMAC secret: refused, since the algorithm is fixed.
      const confused = await signed(clock, { sub: "u", role: "admin" }, JSON.stringify(jwk));
      assert.equal(await auth.authenticate(confused), null);
    },
  );
  await server.shutdown();
});

Deno.test("a token that is revoked or rotated ends its sessions at once, and those of no other", () =>
  opened({}, async ({ tokens, sessions }) => {
    const begun = async (name: string) => {
      const draft = { name, role: "admin", content: false, expiresAt: null } as const;
      const { secret, token } = await tokens.create(draft, "admin");
      const { id } = await sessions.start((await tokens.find(secret))!);
      assert.ok(await sessions.find(id));
      return { token: token.id, session: id };
    };
    const [revoked, rotated, other] = [await begun("a"), await begun("b"), await begun("c")];
    await tokens.revoke(revoked.token);
    assert.equal(await sessions.find(revoked.session), null);
    await tokens.rotate(rotated.token);
    assert.equal(await sessions.find(rotated.session), null);
    assert.ok(await sessions.find(other.session));
  }));

Deno.test("a session of a platform token ends when another secret signs them", () =>
  opened({}, async (auth, clock, options) => {
    const principal = (await auth.authenticate(await signed(clock, { sub: "u", role: "admin" })))!;
    const { id } = await auth.sessions.start(principal);
    const found = async (jwt: AuthenticatorOptions["jwt"]) => {
      const next = await Authenticator.open({ ...options, jwt });
      return (await next.sessions.find(id))?.principal.subject ?? null;
    };
    assert.equal(await found({ ...JWT, clockSkewSeconds: 60 }), "u");
    assert.equal(await found({ ...JWT, secret: "the secret that came after a leak of it" }), null);
    assert.equal(await found({ ...JWT, audience: "pixel" }), null);
    assert.equal(await found(undefined), null);
  }));

Deno.test("memory of verified tokens is bounded", () =>
  opened({}, async (auth, clock) => {
    const first = await signed(clock, { sub: "first" });
    await auth.authenticate(first);
    for (let i = 0; i < 10_000; i++) await auth.authenticate(await signed(clock, { sub: `u${i}` }));
    assert.equal(auth.known(first), undefined);
  }));
