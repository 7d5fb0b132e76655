import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { OAuthSignIn } from "./sign_in.ts";

const CLIENT = { id: "pixel", secret: "client-secret-of-thirty-two-bytes" };

/** What a provider says of somebody, and how it signs that. */
interface Told {
  claims?: JWTPayload;
  userInfo?: Record<string, unknown>;
  /** The key that it publishes. */
  key?: CryptoKey;
  sign?: (claims: JWTPayload) => string | Promise<string>;
}

const { publicKey, privateKey } = await generateKeyPair("RS256");
const other = await generateKeyPair("RS256");
const signedBy = (key: CryptoKey | Uint8Array, alg: string) => (claims: JWTPayload) =>
  new SignJWT(claims).setProtectedHeader({ alg, kid: "k" }).sign(key);

/** An OpenID provider that says just what `told` has, and a sign-in there. */
async function withProvider(
  run: (outcome: (told: Told) => Promise<string>) => Promise<void>,
): Promise<void> {
  let nonce = "";
  let told: Told = {};
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, origin: issuer } = new URL(request.url);
    if (pathname === "/.well-known/openid-configuration") {
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/me`,
        jwks_uri: `${issuer}/keys`,
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
    const { key = publicKey, sign = signedBy(privateKey, "RS256") } = told;
    if (pathname === "/keys") {
      return Response.json({ keys: [{ ...await exportJWK(key), kid: "k", alg: "RS256" }] });
    }
    if (pathname === "/me") return Response.json({ sub: "7", ...told.userInfo });
    const now = Math.floor(Date.now() / 1000);
    const id_token = await sign({
      iss: issuer,
      aud: CLIENT.id,
      sub: "7",
      nonce,
      iat: now,
      exp: now + 60,
      ...told.claims,
    });
    return Response.json({ access_token: "a", token_type: "bearer", id_token });
  });
  const signIn = new OAuthSignIn({
    provider: "oidc",
    issuer: `http://127.0.0.1:${server.addr.port}`,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    allow: ["ann@example.com=admin", "bob@example.com=viewer"],
    publicUrl: "https://pixel.example/",
  });
  await run(async (next) => {
    told = next;
    const { location, kept } = await signIn.begin("/");
    const asked = new URL(location).searchParams;
    nonce = asked.get("nonce")!;
    const answer = new URLSearchParams({ code: "c", state: asked.get("state")! });
    const outcome = await signIn.finish(answer, kept);
    return outcome.kind === "allowed" ? outcome.principal.role : outcome.kind;
  });
  await server.shutdown();
}

const ANN = { email: "ann@example.com", email_verified: true };

Deno.test("that one address is verified says nothing of another", () =>
  withProvider(async (outcome) => {
    const { email } = ANN;
    const bob = { email: "bob@example.com", email_verified: true };
    assert.equal(await outcome({ claims: ANN }), "admin");
    assert.equal(await outcome({ userInfo: ANN }), "admin");
    assert.equal(await outcome({ claims: { email }, userInfo: ANN }), "admin");
    for (
      const told of [
        { claims: { email }, userInfo: bob },
        { claims: { email_verified: true }, userInfo: { email } },
        { claims: { email, email_verified: false }, userInfo: ANN },
      ]
    ) assert.equal(await outcome(told), "stranger", JSON.stringify(told));
  }));

Deno.test("an ID token that is not signed, not for us or not of now lets nobody in", () =>
  withProvider(async (outcome) => {
    const wrong: Record<string, Told> = {
      "another key": { sign: signedBy(other.privateKey, "RS256") },
      "no signature": { sign: (claims) => new UnsecuredJWT(claims).encode() },
      "our own secret": { sign: signedBy(new TextEncoder().encode(CLIENT.secret), "HS256") },
      "another client": { claims: { aud: "other" } },
      "another issuer": { claims: { iss: "https://evil.example" } },
      "another nonce": { claims: { nonce: "other" } },
      "no nonce": { claims: { nonce: undefined } },
      "expired": { claims: { exp: 1_000_000_000 } },
      "userinfo of another": { userInfo: { sub: "8" } },
    };
    for (const [name, told] of Object.entries(wrong)) {
      assert.equal(await outcome({ ...told, claims: { ...ANN, ...told.claims } }), "failed", name);
    }
    assert.equal(await outcome({ claims: ANN }), "admin");
  }));

Deno.test("a key that was changed refuses one sign-in, not those of the next minutes", () =>
  withProvider(async (outcome) => {
    assert.equal(await outcome({ claims: ANN }), "admin");
    const changed = {
      claims: ANN,
      key: other.publicKey,
      sign: signedBy(other.privateKey, "RS256"),
    };
    assert.equal(await outcome(changed), "failed");
    assert.equal(await outcome(changed), "admin");
  }));

Deno.test("sessions of another client secret are told apart", () => {
  const fingerprint = (clientSecret: string) =>
    new OAuthSignIn({
      provider: "github",
      issuer: undefined,
      clientId: CLIENT.id,
      clientSecret,
      allow: ["ann@example.com=admin"],
      publicUrl: "https://pixel.example/",
    }).fingerprint;
  assert.equal(fingerprint("one"), fingerprint("one"));
  assert.notEqual(fingerprint("one"), fingerprint("two"));
});
