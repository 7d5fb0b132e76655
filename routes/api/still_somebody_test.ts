import assert from "node:assert/strict";
import { generateKeyPair, SignJWT } from "jose";
import { Authenticator } from "../../lib/auth/authenticator.ts";
import type { Principal } from "../../lib/auth/principal.ts";
import { FakeClock } from "../../lib/clock.ts";
import { loadConfig } from "../../lib/config/config.ts";
import type { AppError } from "../../lib/errors.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";
import { stillSomebody } from "./still_somebody.ts";

Deno.test("a stream's token ends at its time, whether its key server answers or not", async () => {
  const clock = new FakeClock();
  await using db = await Database.open({ path: ":memory:" });
  const config = loadConfig({ JWT_JWKS_URL: "http://127.0.0.1:9/keys" });
  const auth = await Authenticator.open({
    db,
    clock,
    log: silentLogger,
    dataDir: "unused",
    ...config.auth,
    adminToken: "an-admin-token-of-the-test",
  });
  const expiresAt = clock.now() + 60_000;
  const { privateKey } = await generateKeyPair("RS256");
  const token = await new SignJWT({ sub: "u", exp: expiresAt / 1000 })
    .setProtectedHeader({ alg: "RS256" }).sign(privateKey);
  const principal: Principal = {
    id: "jwt:u",
    subject: "u",
    role: "viewer",
    content: false,
    source: "jwt",
    fingerprint: "",
    expiresAt,
  };
  const request = new Request("http://pixel.example/", {
    headers: { authorization: `Bearer ${token}` },
  });
  const asked = () => stillSomebody({ deps: { auth, clock, config } }, { request, principal });
  await assert.rejects(asked(), ({ code }: AppError) => code === "unavailable");
  clock.advance(60_000);
  assert.equal(await asked(), false);
});
