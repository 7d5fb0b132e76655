import assert from "node:assert/strict";
import { OAuthSignIn } from "./sign_in.ts";

/** As much of a GitHub server as signing in meets, by GitHub's documentation of its REST API. */
function startGitHub(answers: Record<string, unknown>) {
  const asked: { path: string; authorization: string | null; form?: FormData }[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const authorization = request.headers.get("authorization");
      if (pathname === "/login/oauth/access_token") {
        asked.push({ path: pathname, authorization, form: await request.formData() });
        return Response.json({ access_token: "gho_test", token_type: "bearer", scope: "read:org" });
      }
      asked.push({ path: pathname, authorization });
      const answer = answers[pathname];
      return answer ? Response.json(answer) : new Response("no", { status: 404 });
    },
  );
  const { port } = server.addr;
  return {
    issuer: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const PERSON = {
  "/api/v3/user": { id: 7, login: "ann" },
  "/api/v3/user/emails": [
    { email: "boss@example.com", verified: false, primary: false },
    { email: "Ann@Example.com", verified: true, primary: true },
  ],
  "/api/v3/user/orgs": [{ login: "Acme" }],
};

const signInAt = (issuer: string, allow: string[]) =>
  new OAuthSignIn({
    provider: "github",
    issuer,
    clientId: "client",
    clientSecret: "client-secret",
    allow,
    publicUrl: "https://pixel.example/",
  });

async function comeBack(signIn: OAuthSignIn) {
  const { location, kept } = await signIn.begin("/cache");
  const asked = new URL(location).searchParams;
  const answer = new URLSearchParams({ code: "c0de", state: asked.get("state")! });
  return { asked, outcome: await signIn.finish(answer, kept) };
}

Deno.test("who somebody is at GitHub comes from its API, by verified addresses alone", async () => {
  await using github = startGitHub(PERSON);
  const signIn = signInAt(github.issuer, ["ann@example.com=viewer", "org:acme=operator"]);
  const { asked, outcome } = await comeBack(signIn);
  assert.equal(asked.get("redirect_uri"), "https://pixel.example/oauth/callback");
  assert.equal(asked.get("code_challenge_method"), "S256");
  assert.ok(outcome.kind === "allowed", JSON.stringify(outcome));
  assert.equal(outcome.next, "/cache");
  const { id, subject, role, content } = outcome.principal;
  assert.deepEqual({ id, subject, role, content }, {
    id: "oauth:7",
    subject: "ann@example.com",
    role: "operator",
    content: true,
  });
  const [exchange, ...calls] = github.asked;
  assert.equal(exchange!.form?.get("client_secret"), "client-secret");
  assert.ok(exchange!.form?.get("code_verifier"));
  assert.ok(calls.every(({ authorization }) => authorization === "Bearer gho_test"));

  const unverified = await comeBack(signInAt(github.issuer, ["boss@example.com=admin"]));
  assert.equal(unverified.outcome.kind, "stranger");
});

Deno.test("a GitHub that does not tell lets nobody in", async () => {
  await using github = startGitHub({ ...PERSON, "/api/v3/user/emails": undefined });
  const { outcome } = await comeBack(signInAt(github.issuer, ["org:acme=operator"]));
  assert.equal(outcome.kind, "failed");
});
