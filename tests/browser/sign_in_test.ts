import assert from "node:assert/strict";
import { OPERATOR_TOKEN, startDashboard } from "./dashboard_server.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("a visitor is sent to sign in and then to where they wanted to go", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.browser.open();
  await page.goto(`${visit.server.url}/tasks?status=failed`);
  assert.match(page.url(), /\/sign-in\?next=/);
  assert.equal(await page.locator("script").count(), 0);

  await page.fill("[name=token]", "wrong");
  await page.click("main button");
  assert.equal(await page.textContent("[role=alert]"), "This token is not valid.");

  await page.fill("[name=token]", ` ${OPERATOR_TOKEN} `);
  await page.click("main button");
  assert.equal(page.url(), `${visit.server.url}/tasks?status=failed`);
  const [cookie] = await page.context().cookies();
  assert.equal(cookie?.httpOnly, true);
  assert.equal(cookie?.sameSite, "Lax");

  await page.click(".account summary");
  await page.click("text=Sign out");
  await page.waitForURL("**/sign-out");
  await page.goto(visit.server.url);
  assert.match(page.url(), /\/sign-in$/);
  const nowhere = await page.goto(`${visit.server.url}/nowhere/at/all`);
  assert.equal(nowhere!.status(), 404);
  assert.equal(await page.textContent("h1"), "There is nothing here.");
});

Deno.test("too many wrong tokens are told how long to wait", async () => {
  await using server = await startDashboard();
  const attempt = () =>
    fetch(`${server.url}/sign-in`, { method: "POST", body: new URLSearchParams({ token: "no" }) });
  for (let n = 0; n < 3; n++) {
    const refused = await attempt();
    assert.equal(refused.status, 401);
    await refused.body?.cancel();
  }
  const limited = await attempt();
  assert.equal(limited.status, 429);
  assert.equal(limited.headers.get("retry-after"), "42");
  assert.match(await limited.text(), /Try again in 42 s/);
});

Deno.test("a one-time link signs in, and says so when it is used up", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.browser.open();
  await page.goto(`${visit.server.url}/sign-in?code=once`);
  assert.equal(page.url(), `${visit.server.url}/`);
  const used = await fetch(`${visit.server.url}/sign-in?code=twice`);
  assert.equal(used.status, 401);
  assert.match(await used.text(), /used already/);
});

Deno.test("forms are taken only from our own pages", async () => {
  await using visit = await visitDashboard();
  const { url, done } = visit.server;
  const signedIn = await fetch(`${url}/sign-in`, {
    method: "POST",
    body: new URLSearchParams({ token: OPERATOR_TOKEN }),
    redirect: "manual",
  });
  await signedIn.body?.cancel();
  const cookie = signedIn.headers.getSetCookie()[0]!.split(";")[0]!;
  const send = async (headers: Record<string, string>, csrf = "") => {
    const body = new URLSearchParams({ do: "clear-cache", csrf });
    const response = await fetch(url, { method: "POST", body, headers: { cookie, ...headers } });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await send({ "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await send({ origin: "https://evil.example" }), 403);
  assert.equal(await send({ origin: url }), 403, "without the session's secret");
  const big = await fetch(url, { method: "POST", body: "x".repeat(70_000), headers: { cookie } });
  assert.equal(big.status, 413);
  await big.body?.cancel();
  const odd = await fetch(`${url}/tasks`, { method: "POST", headers: { cookie, origin: url } });
  await odd.body?.cancel();
  assert.ok([403, 405].includes(odd.status));
  const put = await fetch(`${url}/conversations`, { method: "PUT", headers: { cookie } });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("allow"), "GET, HEAD");
  await put.body?.cancel();
  assert.deepEqual(done, []);
});
