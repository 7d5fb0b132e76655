/**
 * A real OpenID provider for tests, run as a process of its own:
 * `deno run -A oidc_provider.ts PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI`. Whoever signs in with
 * an e-mail address owns it, unless it begins with `unverified`; those of `acme` belong to that
 * group.
 */
import Provider from "oidc-provider";

const [port, client_id, client_secret, redirect_uri] = Deno.args as [
  string,
  string,
  string,
  string,
];
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
  pkce: { required: () => true },
  cookies: { keys: [crypto.randomUUID()] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
  findAccount: (_context: unknown, id: string) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id,
      email_verified: !id.startsWith("unverified"),
      groups: id.includes("acme") ? ["Acme"] : [],
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
