import * as oauth from "oauth4webapi";
import { abortableFetch } from "../../abortable_fetch.ts";
import type { Identity } from "./allow_list.ts";
import { githubIdentity, githubServer } from "./github.ts";

/** How the dashboard's sign-in by a provider is set up. */
export interface OAuthOptions {
  provider: "github" | "google" | "oidc";
  /** The OIDC issuer; for GitHub another server than github.com. */
  issuer: string | undefined;
  clientId: string;
  clientSecret: string;
  /** Rules as `allow_list.ts` reads them. */
  allow: readonly string[];
  /** Where people reach the service; the provider sends them back below it. */
  publicUrl: string;
}

/** What the callback of a sign-in is checked against. */
export interface Expected {
  state: string;
  nonce: string;
  verifier: string;
}

const GOOGLE = "https://accounts.google.com";
const CALL_MS = 10_000;
/** So long a provider's own description of itself is used. */
const DESCRIPTION_MS = 3_600_000;

/** A sign-in provider, by the authorization code flow with PKCE, state and (OIDC) nonce. */
export class Provider {
  readonly redirectUri: string;
  /** What people know it by. */
  readonly name: string;
  readonly #client: oauth.Client;
  readonly #issuer: URL | null;
  #described: { server: Promise<oauth.AuthorizationServer>; until: number } | null = null;

  constructor(readonly options: OAuthOptions) {
    const { provider, issuer, clientId, publicUrl } = options;
    this.#client = { client_id: clientId };
    this.#issuer = provider === "github" ? null : new URL(issuer ?? GOOGLE);
    this.name = { github: "GitHub", google: "Google", oidc: this.#issuer?.host ?? "" }[provider];
    this.redirectUri = `${publicUrl.replace(/\/$/, "")}/oauth/callback`;
  }

  /** Where a browser is sent to sign in. */
  async signInAddress({ state, nonce, verifier }: Expected): Promise<string> {
    const server = await this.#server();
    const address = new URL(server.authorization_endpoint!);
    const asked = {
      client_id: this.#client.client_id,
      redirect_uri: this.redirectUri,
      response_type: "code",
      scope: this.#issuer ? "openid email profile" : "read:user user:email read:org",
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...(this.#issuer ? { nonce } : {}),
    };
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
    return address.href;
  }

  /**
   * Who came back with these parameters. Throws what `oauth4webapi` throws when anything about the
   * answer or the provider's tokens is not as it must be.
   */
  async identify(answer: URLSearchParams, expected: Expected): Promise<Identity> {
    const server = await this.#server();
    const parameters = oauth.validateAuthResponse(server, this.#client, answer, expected.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      this.#authentication(server),
      parameters,
      this.redirectUri,
      expected.verifier,
      this.#calling(),
    );
    if (!this.#issuer) {
      const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, response);
      return await githubIdentity(this.options.issuer, tokens.access_token);
    }
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, response, {
      expectedNonce: expected.nonce,
      requireIdToken: true,
    });
    try {
      await oauth.validateApplicationLevelSignature(server, response, this.#calling());
    } catch (error) {
      // The library keeps keys with the description, by a clock that may be set back.
      this.#described = null;
      throw error;
    }
    const claims = oauth.getValidatedIdTokenClaims(tokens)!;
    return identityOf(claims, await this.#userInfo(server, tokens, claims.sub));
  }

  /** Many providers put e-mail and groups there instead of into the token. */
  async #userInfo(
    server: oauth.AuthorizationServer,
    { access_token }: oauth.TokenEndpointResponse,
    subject: string,
  ): Promise<Partial<oauth.UserInfoResponse>> {
    if (!server.userinfo_endpoint) return {};
    const response = await oauth.userInfoRequest(
      server,
      this.#client,
      access_token,
      this.#calling(),
    );
    return await oauth.processUserInfoResponse(server, this.#client, subject, response);
  }

  #authentication(server: oauth.AuthorizationServer): oauth.ClientAuth {
    const methods = server.token_endpoint_auth_methods_supported;
    const inBody = methods && !methods.includes("client_secret_basic") &&
      methods.includes("client_secret_post");
    const { clientSecret } = this.options;
    return inBody ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret);
  }

  async #server(): Promise<oauth.AuthorizationServer> {
    if (!this.#issuer) return githubServer(this.options.issuer);
    const now = performance.now();
    if (this.#described && this.#described.until > now) return await this.#described.server;
    const server = this.#describe(this.#issuer);
    const entry = this.#described = { server, until: now + DESCRIPTION_MS };
    // A failure is not kept; whoever comes next asks again.
    server.catch(() => this.#described === entry && (this.#described = null));
    return await server;
  }

  async #describe(issuer: URL): Promise<oauth.AuthorizationServer> {
    return await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, this.#calling()),
    );
  }

  /** Configuration lets plain HTTP through to this machine alone. */
  #calling() {
    return {
      signal: AbortSignal.timeout(CALL_MS),
      [oauth.customFetch]: abortableFetch,
      [oauth.allowInsecureRequests]: this.options.issuer?.startsWith("http:") ?? false,
    };
  }
}

/** Somebody by two sets of claims; what the signed one does not have, the other may add. */
function identityOf(token: Record<string, unknown>, userInfo: Record<string, unknown>): Identity {
  // Whether an address is verified is said of that address, and of no other.
  const unsaid = token["email"] === undefined ||
    (token["email_verified"] === undefined && token["email"] === userInfo["email"]);
  const { email, email_verified } = unsaid ? userInfo : token;
  const verified = email_verified === true || email_verified === "true";
  const claims = { ...userInfo, ...token };
  // `hd` is Google's; the others are what identity servers commonly call it.
  const organisations = ["hd", "organization", "organizations", "groups"]
    .flatMap((name) => claims[name])
    .filter((value) => typeof value === "string");
  return {
    id: String(token["sub"]),
    emails: typeof email === "string" && verified ? [email.toLowerCase()] : [],
    organisations: organisations.map((value) => value.toLowerCase()),
  };
}
