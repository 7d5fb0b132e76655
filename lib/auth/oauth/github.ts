import type { AuthorizationServer } from "oauth4webapi";
import { z } from "zod";
import { abortableFetch } from "../../abortable_fetch.ts";
import type { Identity } from "./allow_list.ts";

/** GitHub speaks OAuth without OIDC: who somebody is, its REST API tells. */

const GITHUB = "https://github.com";
const CALL_MS = 10_000;

const User = z.object({ id: z.number() });
const Emails = z.array(z.object({ email: z.string(), verified: z.boolean() }));
const Organisations = z.array(z.object({ login: z.string() }));

/** The endpoints of github.com, or of a server of one's own. */
export function githubServer(issuer = GITHUB): AuthorizationServer {
  const base = issuer.replace(/\/$/, "");
  return {
    issuer: base,
    authorization_endpoint: `${base}/login/oauth/authorize`,
    token_endpoint: `${base}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
  };
}

/** The owner of an access token. Throws when GitHub does not say. */
export async function githubIdentity(
  issuer: string | undefined,
  accessToken: string,
): Promise<Identity> {
  const api = issuer && new URL(issuer).host !== "github.com"
    ? `${issuer.replace(/\/$/, "")}/api/v3`
    : "https://api.github.com";
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const response = await abortableFetch(api + path, {
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${accessToken}`,
        "user-agent": "pixel-performance",
      },
      redirect: "error",
      signal: AbortSignal.timeout(CALL_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`GitHub answered ${path} with ${response.status}`);
    }
    return schema.parse(await response.json());
  };
  const [user, emails, organisations] = await Promise.all([
    ask("/user", User),
    ask("/user/emails", Emails),
    ask("/user/orgs?per_page=100", Organisations),
  ]);
  return {
    id: String(user.id),
    emails: emails.filter(({ verified }) => verified).map(({ email }) => email.toLowerCase()),
    organisations: organisations.map(({ login }) => login.toLowerCase()),
  };
}
