import assert from "node:assert/strict";
import { CLIENT, CookieBrowser, startOidcProvider } from "../support/oidc.ts";
import { freePort } from "../support/ports.ts";
import { TestService } from "../support/service.ts";

const ALLOW = "ann@example.com=admin,@example.com=viewer,org:acme=operator";

async function withProvider(
  run: (service: TestService, issuer: string) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  await using provider = await startOidcProvider(`${publicUrl}/oauth/callback`);
  await using service = await TestService.start({
    port,
    env: {
      PUBLIC_URL: publicUrl,
      OAUTH_PROVIDER: "oidc",
      OAUTH_ISSUER: provider.issuer,
      OAUTH_CLIENT_ID: CLIENT.id,
      OAUTH_CLIENT_SECRET: CLIENT.secret,
      OAUTH_ALLOW: ALLOW,
    },
  });
  await run(service, provider.issuer);
}

/** Goes as far as the callback's address, in a new browser. */
async function comeBack(service: TestService, login: string, next = "/") {
  const browser = new CookieBrowser();
  const start = `${service.url}/oauth/start?next=${encodeURIComponent(next)}`;
  const authorization = await browser.redirect(start);
  const callback = await browser.signInAt(authorization, login, `${service.url}/oauth/callback`);
  return { browser, callback, authorization: new URL(authorization) };
}

async function refused(browser: CookieBrowser, callback: string, status: number): Promise<string> {
  const response = await browser.open(callback);
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("cache-control"), "no-store");
  const jar = browser.cookies.get(new URL(callback).host)!;
  assert.ok(!jar.has("pixel_session"), "nobody was let in");
  assert.ok(!jar.has("pixel_oauth"), "what was kept for this sign-in is gone");
  return text;
}

Deno.test("people sign in with an OpenID provider, each with the role that their rule gives", () =>
  withProvider(async (service, issuer) => {
    const page = await (await fetch(`${service.url}/sign-in`)).text();
    assert.ok(page.includes(`Sign in with ${new URL(issuer).host}`), page);

    const { browser, callback, authorization } = await comeBack(
      service,
      "ann@example.com",
      "/tasks?status=failed",
    );
    assert.equal(authorization.searchParams.get("code_challenge_method"), "S256");
    assert.ok(authorization.searchParams.get("nonce"));
    assert.equal(await browser.redirect(callback), `${service.url}/tasks?status=failed`);
    const dashboard = await browser.open(`${service.url}/`);
    assert.equal(dashboard.status, 200);
    await dashboard.body?.cancel();
    const api = `${service.url}/api/performance`;
    const tokens = await browser.open(`${api}/tokens`);
    assert.equal(tokens.status, 200, "an admin");
    await tokens.body?.cancel();

    const statuses = async (login: string) => {
      const visit = await comeBack(service, login);
      await visit.browser.redirect(visit.callback);
      const found: number[] = [];
      for (const path of ["/health", "/tokens"]) {
        const response = await visit.browser.open(api + path);
        await response.body?.cancel();
        found.push(response.status);
      }
      const { sessions } =
        (await service.request<{ sessions: { subject: string; role: string }[] }>(
          "GET",
          "/sessions",
        )).body;
      return [...found, sessions.find(({ subject }) => subject === login)?.role];
    };
    assert.deepEqual(await statuses("bob@example.com"), [200, 403, "viewer"]);
    assert.deepEqual(await statuses("eve@acme.example"), [200, 403, "operator"]);

    const { entries } = (await service.request<{ entries: Record<string, unknown>[] }>(
      "GET",
      "/audit?action=sign_in_by_oauth",
    )).body;
    assert.deepEqual(
      entries.map(({ subject, status }) => [subject, status]).sort(),
      [["ann@example.com", 200], ["bob@example.com", 200], ["eve@acme.example", 200]],
    );
    assert.ok(!service.logs.join("\n").includes(CLIENT.secret));

    await service.stop();
    await service.restart({ OAUTH_ALLOW: "@example.com=viewer" });
    const after = await browser.open(`${api}/health`);
    await after.body?.cancel();
    assert.equal(after.status, 401, "sessions of another allow-list have ended");

    await service.stop();
    await service.restart({ OAUTH_ISSUER: `http://127.0.0.1:${freePort()}` });
    const down = await fetch(`${service.url}/oauth/start`, { redirect: "manual" });
    assert.match(await down.text(), /does not answer/);
    assert.equal(down.status, 503);
  }));

Deno.test("whoever no rule names, or whose address is not verified, stays outside", () =>
  withProvider(async (service) => {
    for (const login of ["mallory@evil.example", "unverified@example.com"]) {
      const { browser, callback } = await comeBack(service, login);
      assert.match(await refused(browser, callback, 403), /not on the list/);
    }
  }));

Deno.test("a callback that its browser did not begin, or that was tampered with, lets nobody in", () =>
  withProvider(async (service) => {
    const login = "ann@example.com";
    const { host } = new URL(service.url);
    const change = async (
      alter: (kept: string[], callback: URL, browser: CookieBrowser) => void,
    ) => {
      const { browser, callback } = await comeBack(service, login);
      const jar = browser.cookies.get(host)!;
      const kept = jar.get("pixel_oauth")!.split(".");
      const address = new URL(callback);
      alter(kept, address, browser);
      if (jar.has("pixel_oauth")) jar.set("pixel_oauth", kept.join("."));
      assert.match(await refused(browser, address.href, 401), /did not work/);
    };
    await change((_kept, _callback, browser) => browser.cookies.get(host)!.clear());
    await change((kept) => kept[0] = "another-state");
    await change((kept) => kept[1] = "another-nonce");
    await change((kept) => kept[2] = "another-verifier-that-is-long-enough-to-be-one-of-them");
    await change((kept) => kept.length = 2);
    await change((_kept, callback) => callback.searchParams.set("state", "x"));
    await change((_kept, callback) => callback.searchParams.set("code", "x"));
    await change((_kept, callback) => callback.searchParams.set("iss", "https://evil.example"));
    await change((_kept, callback) => callback.searchParams.append("code", "x"));
    await change((_kept, callback) => {
      callback.searchParams.delete("code");
      callback.searchParams.set("error", "access_denied");
    });

    const { browser, callback } = await comeBack(service, login, "//evil.example/");
    const kept = browser.cookies.get(host)!.get("pixel_oauth")!;
    assert.equal(await browser.redirect(callback), `${service.url}/`, "never to another site");
    const again = new CookieBrowser();
    again.cookies.set(host, new Map([["pixel_oauth", kept]]));
    await refused(again, callback, 401);
  }));
